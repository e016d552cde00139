import Tensors

/// A function of each number that an operator applies to its first output before it leaves it: one pass over memory
/// less than a node of its own.
public struct Activation: Sendable, Hashable {
  public let op: any UnaryOperator
  public init(_ op: any UnaryOperator) { self.op = op }

  public static func == (a: Self, b: Self) -> Bool { AnyHashable(a.op) == AnyHashable(b.op) }
  public func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(op)) }

  /// In place.
  func apply(_ numbers: UnsafeMutablePointer<Float>, _ count: Int) { unsafe op.row(numbers, numbers, count) }

  func reference<T: Real>(_ numbers: Operand<T>) {
    op.reference([numbers], [numbers], StepContext())
  }

  var detail: String { type(of: op).name + (op.detail.isEmpty ? "" : " (\(op.detail))") }
}

/// An operator that can apply a function to its first output. Gradients are made of the separate nodes, before they
/// are fused.
public protocol TakesActivation: Operator {
  var activation: Activation? { get set }
}

extension TakesActivation {
  /// What the operator says of itself, and the activation.
  func detail(_ own: String) -> String {
    guard let activation else { return own }
    return own.isEmpty ? activation.detail : own + ", " + activation.detail
  }

  /// - Throws: when an activation has been fused: then it is too late for gradients.
  func expectNoActivation(_ call: Call) throws(GraphError) {
    guard activation == nil else {
      throw GraphError(
        path: call.path, "\(Self.name) with an activation has no gradient; differentiate before passes run",
        shapes: [])
    }
  }
}
