/// The same graph after all passes: equal nodes merged, batch normalisations folded into the layers before them,
/// normalisations that were written as steps recognised, activations fused; nothing computed that no goal needs. For inference and training alike: each pass looks whether
/// it may. Gradients are made before.
///
/// What follows from parameters alone is computed once when the plan prepares (`ProgramPlan`).
/// - Parameter layouts: also computes convolutions and what lies between them on blocks of channels; nil: on plain
///   values alone. For graphs of which no gradients are made any more.
public func optimised(_ graph: Graph, _ goals: Goals, layouts: LayoutOptions? = nil) throws(GraphError) -> (
  graph: Graph, goals: Goals
) {
  var result = (graph: graph, goals: goals)
  result = try MergeEqualNodes.run(result.graph, result.goals)
  result = try FoldBatchNormalization.run(result.graph, result.goals)
  result = try RecogniseLRN.run(result.graph, result.goals)
  result = try FuseActivation.run(result.graph, result.goals)
  if let layouts {
    if layouts.precision == .bf16 { result = try RoundProducts.run(result.graph, result.goals) }
    result = try AssignLayouts.run(result.graph, result.goals, layouts)
    result = try FuseBands.run(result.graph, result.goals)
  }
  return result
}
