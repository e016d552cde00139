import Basics
import Compute
import Tensors

/// Normal with a given mean and deviation (0.01 in AlexNet: Krizhevsky et al. 2012); if wanted without what is
/// more than two deviations from the mean, which is drawn again.
public struct Normal: Initialiser {
  public static let declaration = Declaration(
    name: "normal", summary: "normal with a given deviation",
    keys: [
      Key("deviation", .number, default: "0.01", "standard deviation, before anything is cut off"),
      Key("mean", .number, default: "0", "mean"),
      Key("truncated", .boolean, default: "false", "nothing beyond two deviations from the mean"),
    ])
  public let deviation: Double
  public let mean: Double
  public let isTruncated: Bool

  public init(_ deviation: Double = 0.01, mean: Double = 0, isTruncated: Bool = false) {
    (self.deviation, self.mean, self.isTruncated) = (deviation, mean, isTruncated)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    deviation = try arguments.number("deviation", or: 0.01, .notNegative)
    mean = arguments.number("mean") ?? 0
    isTruncated = arguments.boolean("truncated") ?? false
  }
  public var keys: [(String, ConfigValue)] {
    changed(("deviation", deviation, 0.01), ("mean", mean, 0))
      + (isTruncated ? [("truncated", .boolean(true))] : [])
  }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    guard isTruncated else { return parameter.fillNormal(mean: mean, deviation: deviation, &stream) }
    for index in 0..<parameter.count {
      var number = stream.nextNormal()
      while abs(number) > 2 { number = stream.nextNormal() }
      parameter[index] = Float(mean + deviation * number)
    }
  }
}
