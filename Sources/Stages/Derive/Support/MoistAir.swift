/// Constants and formulas of moist air, in SI units.
enum MoistAir {
  /// J kg-1 K-1, dry air (WMO-No. 8, 2021, annex 4.A).
  static let gasConstant = 287.05
  /// Ratio of the gas constants of dry air and water vapour (WMO-No. 8, annex 4.A).
  static let epsilon = 0.62198
  /// R / cp of dry air, for which 2/7 is usual (an ideal gas of molecules with two atoms).
  static let kappa = 2.0 / 7
  /// m s-2 (CGPM 1901), by which geopotential height is defined.
  static let gravity = 9.80665

  /// Saturation vapour pressure over water in Pa at a temperature in K: Bolton (1980), equation 10.
  static func saturationPressure(_ temperature: Double) -> Double {
    // Below 29.65 K the denominator changes its sign; no air is that cold.
    temperature > 100 ? 611.2 * System.exp(17.67 * (temperature - 273.15) / (temperature - 29.65)) : .nan
  }

  /// Dew point in K of a vapour pressure in Pa: Bolton (1980), equation 10 solved for the temperature.
  static func dewPoint(_ vapourPressure: Double) -> Double {
    guard vapourPressure > 0 else { return .nan }
    let x = System.log(vapourPressure / 611.2)
    return (17.67 * 273.15 - 29.65 * x) / (17.67 - x)
  }

  /// Specific humidity of a vapour pressure and an air pressure, both in Pa.
  static func specificHumidity(_ vapour: Double, _ pressure: Double) -> Double {
    vapour < pressure && pressure > 0 ? epsilon * vapour / (pressure - (1 - epsilon) * vapour) : .nan
  }

  /// Vapour pressure in Pa of a specific humidity at an air pressure in Pa.
  static func vapourPressure(_ specificHumidity: Double, _ pressure: Double) -> Double {
    specificHumidity * pressure / (epsilon + (1 - epsilon) * specificHumidity)
  }

  static let bolton =
    "Bolton (1980), The computation of equivalent potential temperature, Mon. Wea. Rev. 108, 1046-1053"
}
