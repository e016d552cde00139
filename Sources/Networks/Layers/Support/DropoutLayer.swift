import Basics
import Compute

/// What sets numbers or whole channels to 0 at random while training and sampling, and nothing in inference.
public protocol DropoutLayer: Layer {
  var probability: Double { get }
  /// Whether whole channels of a sample go.
  static var isSpatial: Bool { get }
  init(_ probability: Double)
}

extension DropoutLayer {
  public static var declaredKeys: [Key] {
    [Key("probability", .number, default: "0.5", "of being set to 0; below 1")]
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(try arguments.number("probability", in: 0...0.999999) ?? 0.5)
  }

  public var keys: [(String, ConfigValue)] {
    probability == 0.5 ? [] : [("probability", .number(probability))]
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let stream = UInt32(truncatingIfNeeded: network.nextStream())
    guard network.mode != .inference, probability > 0 else { return input }
    return try network.graph.one(Compute.Dropout(probability, stream: stream, spatial: Self.isSpatial), input)
  }
}
