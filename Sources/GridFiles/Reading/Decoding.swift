/// How the numbers of a file become values: the CF packing of one variable, as plain numbers. All tests are
/// made on the packed value (CF 2.5.1, 8.1); then `value = scale * packed + offset`, in double.
public struct Decoding: Sendable, Hashable {
  /// Integers are to be taken as unsigned (`_Unsigned = "true"`).
  public var isUnsigned = false
  /// Packed values that mean "missing" (`_FillValue`, `missing_value`); NaN always does.
  public var missing: [Double] = []
  /// Packed values outside are missing (`valid_min`, `valid_max`, `valid_range`).
  public var validMinimum: Double?
  public var validMaximum: Double?
  public var scale = 1.0
  public var offset = 0.0
  public init() {}
}

/// A part of a variable: for each of its dimensions, from where, how many, and how far apart.
public struct Hyperslab: Sendable, Hashable {
  public var start: [Int]
  public var count: [Int]
  public var stride: [Int]
  public init(start: [Int], count: [Int], stride: [Int]? = nil) {
    (self.start, self.count, self.stride) = (start, count, stride ?? Array(repeating: 1, count: start.count))
  }
  public init(all extents: [Int]) { self.init(start: extents.map { _ in 0 }, count: extents) }
  public var elementCount: Int { count.reduce(1, *) }
}

/// The caller's memory for decoded values. Element `(i0, i1, ...)` of the hyperslab goes to
/// `values[i0 * strides[0] + i1 * strides[1] + ...]`, so that dimensions can be put in any order and
/// direction; `validity` (1 valid, 0 missing), when there is one, has the same layout. Missing values are NaN.
@safe public struct FloatTarget: @unchecked Sendable {
  package let values: UnsafeMutablePointer<Float>
  package let validity: UnsafeMutablePointer<UInt8>?
  package let strides: [Int]
  /// The memory must stay alive, and be touched by nobody else, until the read that it is given to returns.
  package init(values: UnsafeMutablePointer<Float>, validity: UnsafeMutablePointer<UInt8>?, strides: [Int]) {
    unsafe (self.values, self.validity, self.strides) = (values, validity, strides)
  }
}
