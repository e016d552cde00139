import Compute
import Tensors

/// The program that finds a loss and its gradients, and what it does not write itself.
struct LearningStep: Sendable {
  let program: ProgramPlan
  /// Gradients that are the same value as another one, or never change.
  let copies: [(from: String, to: String)]
  let constants: [(name: String, numbers: [Double])]

  /// - Parameters:
  ///   - loss: what the gradients are of.
  ///   - trained: what they are wanted for; each is an external value of that name.
  ///   - outputs: what a run returns.
  init(
    _ graph: Graph, of loss: Value, by trained: [ParameterDeclaration],
    outputs: [(name: String, value: Value)],
    updates: [(parameter: String, value: Value)] = [], threads: Int
  ) throws {
    var graph = graph
    var parameters: [Value] = []
    for declaration in trained {
      parameters.append(try graph.parameter(declaration.name, declaration.shape))
    }
    let gradients = try differentiate(loss, by: parameters, in: &graph)
    var external: [(name: String, value: Value)] = []
    var copies: [(from: String, to: String)] = []
    var constants: [(name: String, numbers: [Double])] = []
    for (declaration, gradient) in zip(trained, gradients) {
      if let first = external.first(where: { $0.value == gradient }) {
        copies.append((first.name, declaration.name))
        continue
      }
      switch graph.origin(gradient) {
      case .node: external.append((declaration.name, gradient))
      case .constant(let numbers): constants.append((declaration.name, numbers))
      case .input, .parameter:
        // A gradient that is a given tensor itself.
        external.append((declaration.name, try graph.one(Identity(), gradient)))
      }
    }
    let step = try optimised(
      graph, Goals(outputs: outputs, external: external, updates: updates),
      layouts: LayoutOptions(packsEachRun: true))
    program = try ProgramPlan(step.graph, step.goals, threads: threads)
    (self.copies, self.constants) = (copies, constants)
  }
}
