import Basics
import Compute

/// Puts cells around the input.
public struct Pad: Layer {
  public static let declaration = Declaration(
    name: "pad", summary: "put cells around the input",
    keys: [
      Key(
        "cells", Sizes.kind, required: true,
        "on all sides, for each dimension, or in front of each, then behind each"),
      PaddingMode.key,
    ])
  public let cells: Sizes
  public let mode: PaddingMode

  public init(_ cells: Sizes, mode: PaddingMode = .domain) { (self.cells, self.mode) = (cells, mode) }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    cells = try Sizes(arguments, "cells", minimum: 0)
    mode = PaddingMode(arguments)
  }
  public var keys: [(String, ConfigValue)] {
    var keys = [("cells", cells.configuration)]
    keys.add("padding-mode", mode.configuration)
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = try network.spatialRank(input, "padding")
    let sides = try Padding.cells(cells.numbers).sides([Int](repeating: 1, count: rank), input, in: network)
    let modes = try mode.expanded(rank, input, in: network)
    let axes = (0..<rank).map {
      Compute.Pad.Axis(sides.before[$0], sides.after[$0], modes[$0].pad)
    }
    return try network.graph.one(Compute.Pad([.none, .none] + axes), input)
  }
}
