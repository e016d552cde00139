#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The numbers that graphs are computed in: `Float` in programs, `Double` in the reference interpreter.
public protocol Real: BinaryFloatingPoint, Sendable {
  static func exp(_ x: Self) -> Self
  static func expm1(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  static func log1p(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
  static func sin(_ x: Self) -> Self
  static func cos(_ x: Self) -> Self
  static func pow(_ x: Self, _ y: Self) -> Self
  /// The logarithm of the absolute value of the gamma function.
  static func lgamma(_ x: Self) -> Self
}

extension Double: Real {
  public static func exp(_ x: Double) -> Double { Libm.exp(x) }
  public static func expm1(_ x: Double) -> Double { Libm.expm1(x) }
  public static func log(_ x: Double) -> Double { Libm.log(x) }
  public static func log1p(_ x: Double) -> Double { Libm.log1p(x) }
  public static func tanh(_ x: Double) -> Double { Libm.tanh(x) }
  public static func erf(_ x: Double) -> Double { Libm.erf(x) }
  public static func sin(_ x: Double) -> Double { Libm.sin(x) }
  public static func cos(_ x: Double) -> Double { Libm.cos(x) }
  public static func pow(_ x: Double, _ y: Double) -> Double { Libm.pow(x, y) }
  public static func lgamma(_ x: Double) -> Double { Libm.lgamma(x) }
}

/// In double precision, then rounded: the reference is to be right, not fast.
extension Float: Real {
  public static func exp(_ x: Float) -> Float { Float(Libm.exp(Double(x))) }
  public static func expm1(_ x: Float) -> Float { Float(Libm.expm1(Double(x))) }
  public static func log(_ x: Float) -> Float { Float(Libm.log(Double(x))) }
  public static func log1p(_ x: Float) -> Float { Float(Libm.log1p(Double(x))) }
  public static func tanh(_ x: Float) -> Float { Float(Libm.tanh(Double(x))) }
  public static func erf(_ x: Float) -> Float { Float(Libm.erf(Double(x))) }
  public static func sin(_ x: Float) -> Float { Float(Libm.sin(Double(x))) }
  public static func cos(_ x: Float) -> Float { Float(Libm.cos(Double(x))) }
  public static func pow(_ x: Float, _ y: Float) -> Float { Float(Libm.pow(Double(x), Double(y))) }
  public static func lgamma(_ x: Float) -> Float { Float(Libm.lgamma(Double(x))) }
}

/// The C library's functions under names that nothing hides.
private enum Libm {
  #if canImport(Glibc)
    static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
    static func log(_ x: Double) -> Double { Glibc.log(x) }
    static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
    static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
    static func erf(_ x: Double) -> Double { Glibc.erf(x) }
    static func sin(_ x: Double) -> Double { Glibc.sin(x) }
    static func cos(_ x: Double) -> Double { Glibc.cos(x) }
    static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
    static func lgamma(_ x: Double) -> Double {
      var sign: Int32 = 0
      return unsafe lgamma_r(x, &sign)
    }
  #endif
}
