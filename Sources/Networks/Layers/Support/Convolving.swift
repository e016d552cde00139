import Compute
import Tensors

/// Applies a classifier of patches to whole fields: what `flatten` puts in a row for one patch stays a map, the dense
/// layer behind it becomes a convolution with the patch's extents there as its kernel, further dense layers become
/// convolutions of 1 x 1 (Sermanet et al. 2014, arXiv 1312.6229; Long et al. 2015, arXiv 1411.4038). Where no layer
/// pads, each place of the result is bit for bit what the classifier makes of its patch, up to the order of sums.
public struct Convolving: Sendable {
  /// Channels and extents in front of each `flatten`, by its path, for one patch.
  public internal(set) var windows: [String: [Int]] = [:]
  /// True while the network for one patch is built, which finds the windows.
  let isFinding: Bool
  /// The window of the last `flatten`, which the next dense layer takes.
  var pending: [Int]?

  /// Finds the windows of one patch.
  public init() { isFinding = true }
  /// Applies those that were found.
  public init(_ found: Convolving) { (windows, isFinding) = (found.windows, false) }
}

extension NetworkSpec {
  /// The network for a field, its dense layers as convolutions.
  /// - Parameters:
  ///   - patch: the shape [1, channels, rows, columns] of the patches that it classifies.
  ///   - field: the shape [1, channels, rows, columns] of the field, no smaller.
  /// - Returns: the network, with the output [1, classes, rows, columns], and the parameters of the classifier.
  /// - Throws: `GraphError` when it is no such classifier, or a layer pads.
  public func convolutional(patch: Shape, field: Shape) throws(GraphError) -> Network {
    var finding = NetworkBuilder(.inference)
    finding.convolving = Convolving()
    let input = try finding.graph.input("input", patch)
    let output = try finding.add(root, to: input)
    guard let found = finding.convolving, finding.graph.shape(output).rank == 2, found.windows.count == 1
    else {
      throw GraphError(
        path: "", "it is no classifier of patches: there must be one `flatten`, and dense layers at the end",
        shapes: [finding.graph.shape(output)])
    }
    var builder = NetworkBuilder(.inference)
    builder.convolving = Convolving(found)
    let wide = try builder.graph.input("input", field)
    let result = try builder.add(root, to: wide)
    let reach = Reach(builder.graph, from: wide, to: result)
    for (axis, dimension) in [(2, 2), (3, 1)] {
      guard let first = reach.inputRange(of: 0..<1, dimension: dimension), first.lowerBound == 0,
        first.upperBound <= patch.extents[axis]
      else {
        throw GraphError(
          path: "",
          "its layers pad: at the edge of a patch they give other numbers than within the field (`padding: valid` does not)",
          shapes: [patch])
      }
    }
    return Network(
      graph: builder.graph, input: wide, output: result, sideOutputs: [], parameters: builder.parameters,
      updates: [], mode: .inference)
  }
}
