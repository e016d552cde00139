import Basics
import Compute
import Tensors

/// Scales the weights of a built network, layer by layer, until the outputs of each convolution and dense layer
/// have the variance 1 on a first batch (Mishkin and Matas 2016, algorithm 1; "LSUV"). The weights are to begin
/// orthogonal: the initialiser `lsuv` does both.
public struct LayerSequentialUnitVariance: Sendable {
  /// How far from 1 a variance may be.
  public let tolerance: Double
  /// Runs for each layer at most.
  public let trials: Int

  public init(tolerance: Double = 0.1, trials: Int = 10) {
    (self.tolerance, self.trials) = (tolerance, trials)
  }

  /// What became of a layer.
  public struct Outcome: Sendable, Hashable {
    /// The weight's path.
    public let parameter: String
    /// The variance before and after.
    public let before: Double
    public let after: Double
  }

  /// Changes the weights in place; statistics are not changed.
  ///
  /// - Parameters:
  ///   - network: built for the shape of the batch.
  ///   - given: the batch, by the name of the input, and whatever else the graph wants.
  ///   - isWanted: which weights, by their paths; the others are left as they are.
  /// - Returns: the layers in the order in which they were scaled. A layer whose outputs are all alike is left as
  ///   it is.
  /// - Throws: `RunError` when an input is missing, `ModelError` when an output is not finite.
  @discardableResult
  package func apply(
    to parameters: Parameters, of network: Network, _ given: [String: Operand<Float>],
    team: ThreadTeam = ThreadTeam(threads: 1), where isWanted: (String) -> Bool = { _ in true }
  ) throws -> [Outcome] {
    var outcomes: [Outcome] = []
    for (weight, output) in layers(network) where isWanted(weight) {
      guard let numbers = parameters[weight] else { continue }
      let program = try Program(
        try ProgramPlan(network.graph, outputs: [("output", output)], threads: team.threads), team: team)
      func variance() throws -> Double {
        try program.run(given, parameters: parameters) { outputs in
          outputs["output"].map(Self.variance) ?? 0
        }
      }
      let before = try variance()
      var now = before
      var trial = 0
      while trial < trials, !(abs(now - 1) <= tolerance) {
        guard now.isFinite else {
          throw ModelError(
            .notFinite, subject: weight, "the outputs of the layer are not finite on the first batch",
            remedy: "look at the inputs and at the initialisers of the layers before")
        }
        guard now > 1e-20 else { break }
        let factor = Float(1 / now.squareRoot())
        for index in 0..<numbers.count { numbers[index] *= factor }
        now = try variance()
        trial += 1
      }
      outcomes.append(Outcome(parameter: weight, before: before, after: now))
    }
    return outcomes
  }

  /// The weights of convolutions and matrix products and what these make, in the order of the graph; a weight
  /// that is used more than once counts where it is used first.
  private func layers(_ network: Network) -> [(weight: String, output: Value)] {
    let names = ["Conv", "ConvTranspose", "Gemm", "MatMul"]
    var seen: Set<String> = []
    var found: [(String, Value)] = []
    for index in network.graph.nodes(for: [network.output] + network.sideOutputs.map(\.value)) {
      let node = network.graph.nodes[index]
      guard names.contains(type(of: node.op).name), let output = node.call.outputs.first else { continue }
      for input in node.call.inputs.prefix(2) {
        guard case .parameter(let name) = network.graph.origin(input), seen.insert(name).inserted else {
          continue
        }
        found.append((name, output))
      }
    }
    return found
  }

  private static func variance(_ operand: Operand<Float>) -> Double {
    guard operand.count > 1 else { return 0 }
    var sum = 0.0
    for index in 0..<operand.count { sum += Double(operand[index]) }
    let mean = sum / Double(operand.count)
    var squares = 0.0
    for index in 0..<operand.count {
      let difference = Double(operand[index]) - mean
      squares += difference * difference
    }
    return squares / Double(operand.count)
  }
}
