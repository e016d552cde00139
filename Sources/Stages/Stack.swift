import Grids

/// Puts the variables of several streams into one.
public struct Stack: Stage {
  public static let declaration = StageDeclaration(
    name: "stack", summary: "joins streams on the same grid into one with all their variables",
    discussion: """
      The variables keep the order of the list. All streams lie on the same grid; those with a time axis have \
      the same steps in the same calendar, those with levels the same levels. A stream without time \
      (`static: true`, an orography) is repeated for every step, one without levels for every level. \
      Numbers are not changed.
      """,
    keys: [Key("inputs", .streams, required: true, "the streams, in the order of their variables")])

  public init(_ arguments: Arguments) throws(PlanError) {}

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try Self.join(inputs.all("inputs"), in: &graph)
  }

  /// Adds the node that joins the streams.
  static func join(
    _ streams: [StageInputs.Stream], in graph: inout ComputationGraph
  ) throws(PlanError) -> NodeID {
    guard let (axes, name) = CommonAxes.of(streams) else { throw PlanError("`inputs` names no stream") }
    var output = axes
    var parts: [Stacked.Part] = []
    var owners: [String: String] = [:]
    var scalars: [ScalarCoordinate]?
    for (index, stream) in streams.enumerated() {
      let alignment = try Alignment(of: stream, on: axes, named: name)
      for (variable, description) in stream.description.variables.enumerated() {
        if let owner = owners[description.name] {
          throw PlanError(
            "`\(owner)` and `\(stream.name)` both have a variable `\(description.name)`", at: stream.mark,
            subject: description.name,
            remedy: "give one another name first: `rename: {names: {\(description.name): ...}}`")
        }
        owners[description.name] = stream.name
        output.variables.append(description)
        parts.append(.init(input: index, variable: variable, alignment: alignment))
      }
      // A scalar coordinate (height = 2 m) stays when all streams that have time agree on it.
      guard !alignment.repeatsTime || output.time == nil else { continue }
      scalars =
        scalars.map { kept in kept.filter(stream.description.scalars.contains) } ?? stream.description.scalars
    }
    output.scalars = scalars ?? []
    return graph.add(Stacked(output: output, parts: parts), inputs: streams.map(\.node))
  }
}

/// Variables of several inputs, one after the other.
struct Stacked: Computation {
  struct Part: Sendable {
    let input: Int
    let variable: Int
    let alignment: Alignment
  }
  let output: Description
  /// One for each variable of the output.
  let parts: [Part]
  var label: String { "stack \(output.variables.map(\.name).joined(separator: ", "))" }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { index in
      let part = parts[index]
      return [
        Need(part.input, part.alignment.region(region, variables: part.variable..<part.variable + 1))
      ]
    }
  }

  func begin(_ region: Region) throws(StageError) -> any Work {
    StackedWork(parts, try Block.make(region))
  }
}

private final class StackedWork: Work {
  let parts: [Stacked.Part]
  let result: Block
  init(_ parts: [Stacked.Part], _ result: Block) { (self.parts, self.result) = (parts, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("the stack was given no input") }
    let region = result.region
    let alignment = parts[region.variables.lowerBound + step].alignment
    let (source, target) = (block.values, result.values)
    let (valid, mark) = (block.validity, result.validity)
    for t in 0..<region.times.count {
      for l in 0..<region.layers.count {
        let s = block.mapOffset(0, alignment.repeatsTime ? 0 : t, alignment.repeatsLayers ? 0 : l)
        let d = result.mapOffset(step, t, l)
        for i in 0..<region.mapCount {
          target[d + i] = source[s + i]
          mark[d + i] = valid[s + i]
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
