import Basics
import Compute
import Tensors

/// Five convolutions and three fully connected layers (Krizhevsky et al. 2012), as two halves on two machines
/// (`groups: 2`, as published) or as one. The input is 227 x 227.
///
/// Weights begin normal with standard deviation 0.01; biases at 1 in convolutions 2, 4 and 5 and in the hidden fully
/// connected layers, at 0 elsewhere (section 5 of the paper).
public struct AlexNet: Model {
  public static let declaration = Declaration(
    name: "alexnet", summary: "five convolutions, three fully connected layers (Krizhevsky et al. 2012)",
    keys: [
      Key("classes", .integer, default: "1000", "outputs: logits"),
      Key("groups", .integer, default: "2", "2 as published, 1 without the division"),
      Key("dropout", .number, default: "0.5", "probability in the fully connected layers"),
      Key("lrn", .boolean, default: "true", "local response normalisation"),
      Key(
        "padding", .choice(["same", "valid"]), default: "same",
        "of the second to the fifth convolution; `valid` can go over whole fields as it is"),
    ])
  public static let published = [
    Published(input: [3, 227, 227], parameters: 60_965_224, source: "Krizhevsky et al. 2012: two groups"),
    Published(
      [("groups", .integer(1))], input: [3, 227, 227], parameters: 62_378_344,
      source: "the same without groups"),
  ]
  public let classes: Int
  public let groups: Int
  public let dropout: Double
  public let lrn: Bool
  public let pads: Bool

  public init(
    classes: Int = 1000, groups: Int = 2, dropout: Double = 0.5, lrn: Bool = true, pads: Bool = true
  ) {
    (self.classes, self.groups, self.dropout, self.lrn) = (classes, groups, dropout, lrn)
    self.pads = pads
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    classes = try arguments.whole("classes") ?? 1000
    groups = try arguments.whole("groups", to: 2) ?? 2
    dropout = try arguments.number("dropout", in: 0...0.999) ?? 0.5
    lrn = arguments.boolean("lrn") ?? true
    pads = arguments.text("padding") != "valid"
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("classes", classes, unless: 1000) { .integer($0) }
    keys.add("groups", groups, unless: 2) { .integer($0) }
    keys.add("dropout", dropout, unless: 0.5) { .number($0) }
    keys.add("lrn", lrn, unless: true) { .boolean($0) }
    keys.add("padding", pads, unless: true) { _ in .text("valid") }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let (begin, one) = (Normal(0.01), Constant(1))
    // The paper's alpha is not divided by the size.
    let padding: Padding = pads ? .same : .valid
    let normalisation = LocalResponseNorm(size: 5, alpha: 5e-4, beta: 0.75, k: 2)
    let features = try network.apply("features", input) {
      Conv(96, kernel: 11, stride: 4, padding: .valid, initialiser: begin)
      ReLU()
      if lrn { normalisation }
      MaxPool(3, stride: 2)
      Conv(256, kernel: 5, padding: padding, groups: groups, initialiser: begin, biasInitialiser: one)
      ReLU()
      if lrn { normalisation }
      MaxPool(3, stride: 2)
      Conv(384, kernel: 3, padding: padding, initialiser: begin)
      ReLU()
      Conv(384, kernel: 3, padding: padding, groups: groups, initialiser: begin, biasInitialiser: one)
      ReLU()
      Conv(256, kernel: 3, padding: padding, groups: groups, initialiser: begin, biasInitialiser: one)
      ReLU()
      MaxPool(3, stride: 2)
      Flatten()
    }
    return try network.apply("classifier", features) {
      for _ in 0..<2 {
        Dense(4096, initialiser: begin, biasInitialiser: one)
        ReLU()
        Dropout(dropout)
      }
      Dense(classes, initialiser: begin)
    }
  }

  public func declaredShape(_ input: Shape) -> Shape? { Dense(classes).declaredShape(input) }
}
