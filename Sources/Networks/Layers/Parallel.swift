import Basics
import Compute

/// Branches that all get the input; their outputs are put one behind the other along the channels (Inception). The
/// parameters of branch b are `b.0.weight`, ... An empty branch is the input itself.
public struct Parallel: Layer {
  public static let declaration = Declaration(
    name: "parallel", summary: "branches, their outputs concatenated or added",
    keys: [
      Key("branches", .other("a list of lists of layers"), required: true, "the branches"),
      Key("join", .choice(["concatenate", "add"]), default: "concatenate", "what becomes of their outputs"),
      Key(
        "fit", .choice(Skip.Fit.allCases.map(\.rawValue)), default: "error",
        "when sizes differ: error; crop all to the smallest; pad all to the largest with zeros"),
    ])
  public let branches: [Block]
  public let adds: Bool
  public let fit: Skip.Fit

  public init(adds: Bool = false, fit: Skip.Fit = .error, @LayerBuilder _ branches: () -> [any Layer]) {
    self.branches = branches().map { ($0 as? Block) ?? Block([$0]) }
    (self.adds, self.fit) = (adds, fit)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    guard case .sequence(let elements)? = arguments.value("branches")?.content, !elements.isEmpty else {
      throw PlanError(
        "`branches` must be a list, each a layer or a list of layers", at: arguments.mark("branches"))
    }
    branches = elements.map { Block(decoding.layers($0)) }
    adds = arguments.text("join") == "add"
    fit = arguments.text("fit").flatMap(Skip.Fit.init(rawValue:)) ?? .error
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("branches", .list(branches.map(\.configuration)))]
    keys.add("join", adds, unless: false) { _ in .text("add") }
    keys.add("fit", fit, unless: .error) { .text($0.rawValue) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    var outputs: [Value] = []
    for (index, branch) in branches.enumerated() {
      outputs.append(
        try network.scoped("\(index)") { network throws(GraphError) in
          try branch.apply(input, in: &network)
        })
    }
    guard adds else { return try network.concatenated(outputs, fit, "the branches") }
    guard var sum = outputs.first else { throw network.error("there are no branches", input) }
    for output in outputs.dropFirst() { sum = try network.added(sum, output, .none) }
    return sum
  }
}
