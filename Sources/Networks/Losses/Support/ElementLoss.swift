import Compute

/// A loss that is the weighted mean of the losses of the elements.
public protocol ElementLoss: Loss {
  /// The losses of the elements, of the target's shape.
  func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError) -> Value
}

extension ElementLoss {
  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    try graph.expect(prediction, fits: target, times: channelsPerVariable, Self.declaration.name)
    return try graph.weightedMean(try elements(prediction, target, in: &graph), weights: weights)
  }
}
