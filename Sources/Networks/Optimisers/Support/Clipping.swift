import Basics

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
    if let value { for gradient in unsafe gradients { unsafe Self.clip(gradient, to: value) } }
    let length = unsafe Self.norm(gradients)
    if let norm, length.isFinite {
      // As torch.nn.utils.clip_grad_norm_.
      let factor = Float(min(1, norm / (length + 1e-6)))
      if factor < 1 { for gradient in unsafe gradients { unsafe Self.scale(gradient, by: factor) } }
    }
    return length
  }

  /// The root of the sum of all squares: in double, eight sums side by side, in an order that only the lengths
  /// decide.
  public static func norm(_ gradients: [UnsafeMutableBufferPointer<Float>]) -> Double {
    var sums = SIMD8<Double>(repeating: 0)
    for gradient in unsafe gradients {
      let whole = gradient.count / 8 * 8
      for i in Swift.stride(from: 0, to: whole, by: 8) {
        let eight = unsafe SIMD8<Float>(
          gradient[i], gradient[i + 1], gradient[i + 2], gradient[i + 3], gradient[i + 4], gradient[i + 5],
          gradient[i + 6], gradient[i + 7])
        let wide = SIMD8<Double>(eight)
        sums += wide * wide
      }
      for i in whole..<gradient.count {
        let number = unsafe Double(gradient[i])
        sums[i - whole] += number * number
      }
    }
    return sums.sum().squareRoot()
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
