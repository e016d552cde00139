import Basics
import Compute
import Tensors

/// The small networks of Liu et al. 2016 (arXiv 1605.01156) that tell whether a centred patch holds an event: two
/// convolutions with pooling and two fully connected layers.
public struct LiuDetector: Model {
  public enum Event: String, Sendable, Hashable, CaseIterable {
    case tropicalCyclone = "tropical-cyclone"
    case atmosphericRiver = "atmospheric-river"
    case front
  }
  public static let declaration = Declaration(
    name: "liu-detector",
    summary: "patch classifier for tropical cyclones, atmospheric rivers, fronts (Liu et al. 2016)",
    discussion: """
      Patches as published: tropical cyclones 8 variables of 32 x 32, atmospheric rivers 2 of 158 x 224, fronts 3 of \
      27 x 60 (other sizes do too).
      """,
    keys: [
      Key(
        "event", .choice(Event.allCases.map(\.rawValue)), default: "tropical-cyclone", "which of the three"),
      Key("classes", .integer, default: "2", "outputs: logits"),
      Key("dropout", .number, default: "0", "probability in front of the last layer"),
    ])
  public static let published: [Published] = []
  public let event: Event
  public let classes: Int
  public let dropout: Double

  public init(_ event: Event = .tropicalCyclone, classes: Int = 2, dropout: Double = 0) {
    (self.event, self.classes, self.dropout) = (event, classes, dropout)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    event = arguments.text("event").flatMap(Event.init(rawValue:)) ?? .tropicalCyclone
    classes = try arguments.whole("classes") ?? 2
    dropout = try arguments.number("dropout", in: 0...0.999) ?? 0
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("event", event, unless: .tropicalCyclone) { .text($0.rawValue) }
    keys.add("classes", classes, unless: 2) { .integer($0) }
    keys.add("dropout", dropout, unless: 0) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let (widths, kernel, pool, hidden): ([Int], Sizes, Sizes, Int) =
      switch event {
      case .tropicalCyclone: ([8, 16], 5, 2, 50)
      case .atmosphericRiver: ([8, 16], 12, 3, 200)
      case .front: ([16, 16], 5, 2, 400)
      }
    return try Block {
      Conv(widths[0], kernel: kernel, padding: .valid)
      ReLU()
      MaxPool(pool)
      Conv(widths[1], kernel: kernel, padding: .valid)
      ReLU()
      MaxPool(2)
      Flatten()
      Dense(hidden)
      ReLU()
      if dropout > 0 { Dropout(dropout) }
      Dense(classes)
    }.apply(input, in: &network)
  }

  public func declaredShape(_ input: Shape) -> Shape? { Dense(classes).declaredShape(input) }
}
