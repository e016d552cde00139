import Grids

/// Makes one ensemble of several fields.
public struct Ensemble: Stage {
  public static let declaration = StageDeclaration(
    name: "ensemble", summary: "joins fields with the same variables as the members of an ensemble",
    discussion: """
      The result has a first axis `member` (standard name realization). The fields have the same variables in the same \
      units, and lie on the same grid, times and levels: predictions of networks that began with different seeds. \
      `evaluate` knows the members.
      """,
    keys: [Key("inputs", .streams, required: true, "the members, in their order")])

  public init(_ arguments: Arguments) throws(PlanError) {}

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let streams = inputs.all("inputs")
    guard let first = streams.first else { throw PlanError("`inputs` names no stream") }
    var alignments: [Alignment] = []
    for stream in streams {
      alignments.append(try Alignment(of: stream, on: first.description, named: first.name))
      let (mine, other) = (stream.description.variables, first.description.variables)
      guard mine.map(\.name) == other.map(\.name), mine.map(\.units) == other.map(\.units) else {
        throw PlanError(
          "`\(stream.name)` has other variables or units than `\(first.name)`", at: stream.mark,
          subject: stream.name, remedy: "it has \(stream.description.variableList)")
      }
    }
    var output = first.description
    output.layers.insert(
      Axis(
        name: "member", kind: .other, standardName: "realization", units: "1",
        values: (1...streams.count).map(Double.init)), at: 0)
    return graph.add(
      Members(output: output, alignments: alignments, inner: first.description.layerCount),
      inputs: streams.map(\.node))
  }
}

/// Fields one behind the other along the first of the layers.
private struct Members: Computation {
  let output: Description
  let alignments: [Alignment]
  /// Layers of a member.
  let inner: Int
  var label: String { "\(alignments.count) members" }

  func steps(for region: Region) -> [[Need]] {
    region.layers.map { layer in
      var part = region
      part.layers = layer % inner..<layer % inner + 1
      return [Need(layer / inner, alignments[layer / inner].region(part, variables: region.variables))]
    }
  }

  func begin(_ region: Region) throws(StageError) -> any Work { MembersWork(self, try Block.make(region)) }
}

private final class MembersWork: Work {
  let members: Members
  let result: Block
  init(_ members: Members, _ result: Block) { (self.members, self.result) = (members, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("`ensemble` was given no member") }
    let region = result.region
    let repeats = members.alignments[(region.layers.lowerBound + step) / members.inner].repeatsTime
    for v in 0..<region.variables.count {
      for t in 0..<region.times.count {
        let (from, to) = (block.mapOffset(v, repeats ? 0 : t, 0), result.mapOffset(v, t, step))
        for i in 0..<region.mapCount {
          result.values[to + i] = block.values[from + i]
          result.validity[to + i] = block.validity[from + i]
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
