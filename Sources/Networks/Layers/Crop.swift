import Basics
import Compute

/// Takes cells away at the border.
public struct Crop: Layer {
  public static let declaration = Declaration(
    name: "crop", summary: "take cells away at the border",
    keys: [
      Key(
        "cells", Sizes.kind, required: true,
        "on all sides, for each dimension, or in front of each, then behind each")
    ])
  public let cells: Sizes

  public init(_ cells: Sizes) { self.cells = cells }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    cells = try Sizes(arguments, "cells", minimum: 0)
  }
  public var keys: [(String, ConfigValue)] { [("cells", cells.configuration)] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = try network.spatialRank(input, "cropping")
    let sides = try Padding.cells(cells.numbers).sides([Int](repeating: 1, count: rank), input, in: network)
    for (dimension, extent) in network.shape(input).extents.dropFirst(2).enumerated()
    where sides.before[dimension] + sides.after[dimension] >= extent {
      throw network.error(
        "\(sides.before[dimension]) and \(sides.after[dimension]) cells cannot be taken from \(extent)", input
      )
    }
    return try network.cropped(input, before: sides.before, after: sides.after)
  }
}
