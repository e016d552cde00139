import Basics
import Tensors

/// Holds gradients in bounds: by their common norm, which keeps the direction (Pascanu, Mikolov and Bengio 2013),
/// or each number alone. Both may be wanted: the values come first.
public struct Clipping: Sendable, Hashable {
  public static let keys = [
    Key("norm", .number, "the greatest norm of all gradients together"),
    Key("value", .number, "the greatest absolute value of a number"),
  ]
  public let norm: Double?
  public let value: Double?

  public init(norm: Double? = nil, value: Double? = nil) { (self.norm, self.value) = (norm, value) }

  /// From `{norm: 1}`, `{value: 0.5}` or both.
  public init(_ configuration: ConfigValue) throws(SpecFaults) {
    guard case .mapping(let entries) = configuration.content, !entries.isEmpty else {
      throw SpecFaults([
        PlanError(
          "the clipping of gradients must be a mapping with `norm`, `value` or both, found "
            + configuration.found, at: configuration.mark)
      ])
    }
    var faults = KeyCheck(knownStreams: []).faults(entries, Self.keys, of: "clipping", at: configuration.mark)
    if faults.isEmpty {
      for entry in entries where !((entry.value.number ?? 0) > 0) {
        faults.append(PlanError("`\(entry.key)` must be above 0", at: entry.value.mark))
      }
    }
    guard faults.isEmpty else { throw SpecFaults(faults) }
    self.init(norm: configuration["norm"]?.number, value: configuration["value"]?.number)
  }

  public var configuration: ConfigValue {
    .mapping(
      [("norm", norm), ("value", value)].compactMap { key, number in number.map { (key, .number($0)) } })
  }

  /// Changes the gradients in place.
  /// - Returns: the norm of all of them before the norm was held; not a finite number when one of them is not,
  ///   and then nothing is multiplied.
  @discardableResult
  public func apply(_ gradients: [UnsafeMutableBufferPointer<Float>]) -> Double {
    unsafe apply(gradients, team: nil)
  }

  /// The same, to the bit, with the work shared out.
  package func apply(_ gradients: [UnsafeMutableBufferPointer<Float>], team: ThreadTeam?) -> Double {
    let pieces = unsafe Pieces(gradients)
    if let value { unsafe pieces.forEach(team) { unsafe Self.clip($1, to: value) } }
    let length = unsafe Self.norm(gradients, team: team)
    if let norm, length.isFinite {
      // As torch.nn.utils.clip_grad_norm_.
      let factor = Float(min(1, norm / (length + 1e-6)))
      if factor < 1 { unsafe pieces.forEach(team) { unsafe Self.scale($1, by: factor) } }
    }
    return length
  }

  /// The root of the sum of all squares: in double, of pieces whose places only the lengths decide, in order.
  public static func norm(_ gradients: [UnsafeMutableBufferPointer<Float>]) -> Double {
    unsafe norm(gradients, team: nil)
  }

  private static func norm(_ gradients: [UnsafeMutableBufferPointer<Float>], team: ThreadTeam?) -> Double {
    let pieces = unsafe Pieces(gradients)
    var sums = unsafe [Double](repeating: 0, count: pieces.list.count)
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      let places = unsafe Pieces.Places(numbers: sums)
      unsafe pieces.forEach(team) { unsafe places.numbers[$0] = squares($1) }
    }
    return sums.reduce(0, +).squareRoot()
  }

  /// Stretches of arrays, none longer than 2^16 numbers.
  @safe private struct Pieces: @unchecked Sendable {
    @safe struct Places: @unchecked Sendable { let numbers: UnsafeMutableBufferPointer<Double> }
    let list: [UnsafeMutableBufferPointer<Float>]

    init(_ arrays: [UnsafeMutableBufferPointer<Float>]) {
      unsafe list = unsafe arrays.flatMap { array in
        Swift.stride(from: 0, to: array.count, by: 1 << 16).map {
          unsafe UnsafeMutableBufferPointer(rebasing: array[$0..<min(array.count, $0 + 1 << 16)])
        }
      }
    }

    func forEach(
      _ team: ThreadTeam?, _ body: @Sendable (Int, UnsafeMutableBufferPointer<Float>) -> Void
    ) {
      guard let team else {
        for index in unsafe list.indices { unsafe body(index, list[index]) }
        return
      }
      team.parallel(unsafe list.count) { unsafe body($0, list[$0]) }
    }
  }

  /// The sum of the squares, eight side by side.
  private static func squares(_ numbers: UnsafeMutableBufferPointer<Float>) -> Double {
    var sums = SIMD8<Double>(repeating: 0)
    let whole = numbers.count / 8 * 8
    for i in Swift.stride(from: 0, to: whole, by: 8) {
      let eight = unsafe SIMD8<Float>(
        numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3], numbers[i + 4], numbers[i + 5],
        numbers[i + 6], numbers[i + 7])
      let wide = SIMD8<Double>(eight)
      sums += wide * wide
    }
    for i in whole..<numbers.count {
      let number = unsafe Double(numbers[i])
      sums[i - whole] += number * number
    }
    return sums.sum()
  }

  private static func clip(_ gradient: UnsafeMutableBufferPointer<Float>, to limit: Double) {
    let limit = Float(limit)
    for i in gradient.indices {
      let number = unsafe gradient[i]
      // NaN stays: who looks for it is to find it.
      unsafe gradient[i] = number > limit ? limit : (number < -limit ? -limit : number)
    }
  }

  private static func scale(_ gradient: UnsafeMutableBufferPointer<Float>, by factor: Float) {
    for i in gradient.indices { unsafe gradient[i] *= factor }
  }
}
