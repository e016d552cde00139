#if canImport(Glibc)
  import Glibc
  private func clog(_ x: Double) -> Double { log(x) }
  private func cexp(_ x: Double) -> Double { exp(x) }
  private func clog1p(_ x: Double) -> Double { log1p(x) }
  private func cexpm1(_ x: Double) -> Double { expm1(x) }
  private func clog10(_ x: Double) -> Double { log10(x) }
  private func ccbrt(_ x: Double) -> Double { cbrt(x) }
  private func csin(_ x: Double) -> Double { sin(x) }
  private func ccos(_ x: Double) -> Double { cos(x) }
  private func casin(_ x: Double) -> Double { asin(x) }
  private func ctanh(_ x: Double) -> Double { tanh(x) }
  private func catan2(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
  private func cpow(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  private func cunlink(_ path: String) { _ = unlink(path) }
#endif

/// The C library's functions in double precision, under a name that nothing else in a stage can hide.
enum System {
  static func log(_ x: Double) -> Double { clog(x) }
  static func exp(_ x: Double) -> Double { cexp(x) }
  static func log1p(_ x: Double) -> Double { clog1p(x) }
  static func expm1(_ x: Double) -> Double { cexpm1(x) }
  static func log10(_ x: Double) -> Double { clog10(x) }
  static func cbrt(_ x: Double) -> Double { ccbrt(x) }
  static func sin(_ x: Double) -> Double { csin(x) }
  static func cos(_ x: Double) -> Double { ccos(x) }
  static func asin(_ x: Double) -> Double { casin(x) }
  static func tanh(_ x: Double) -> Double { ctanh(x) }
  static func atan2(_ y: Double, _ x: Double) -> Double { catan2(y, x) }
  static func pow(_ x: Double, _ y: Double) -> Double { cpow(x, y) }
  /// A file that is not there is no fault.
  static func removeFile(_ path: String) { cunlink(path) }
}
