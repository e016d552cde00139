import GridFiles
import Grids
import Stages

/// An output that is a list of objects or tracks instead of a field.
struct ListOutput: Sendable {
  enum Form: Sendable { case netCDF, csv, geoJSON, text }
  let path: String
  let form: Form
  let listing: ObjectListing
  /// Of the stream that the objects were found in.
  let description: Description
  /// What a file of the stream's field would say of itself, its coordinates and their numbers.
  let header: EncodedHeader
  let origin: String

  /// The form that an output has by its file's ending and its key `form`; nil: the field itself.
  /// - Throws: when the node has no list, or the form and the ending do not go together.
  static func form(
    _ output: PipelineSpec.Output, _ path: String, _ listing: ObjectListing?
  ) throws(PlanError) -> Form? {
    let ending = path.split(separator: "/").last?.split(separator: ".").last.map { $0.lowercased() } ?? ""
    let byEnding: [String: Form] = ["csv": .csv, "geojson": .geoJSON, "txt": .text]
    let form = byEnding[ending]
    let wantsList = form != nil || output.form == .list || (output.form == nil && listing?.isTracks == true)
    guard wantsList else { return nil }
    guard listing != nil else {
      throw PlanError(
        "`\(output.input.name)` is a field, no list of objects", at: output.fileMark,
        subject: output.input.name,
        remedy:
          "lists come from `objects`, `cyclones`, `rivers`, `fronts` and `tracks`; end the file's name in .nc"
      )
    }
    if output.form == .grid {
      throw PlanError("a file of the kind .\(ending) holds a list, no grid", at: output.fileMark)
    }
    return form ?? .netCDF
  }
}

/// What an output that is a list waits for: everything found.
struct ListGathered: ReadingComputation {
  let path: String
  let mark: Mark
  let output = Description(
    variables: [VariableDescription(name: "list", units: "1")], time: nil,
    grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1)))
  let label = "list of what was found"
  var effect: Effect? { Effect(files: [.init(path: path, mark: mark)]) }

  func compute(reading inputs: any FieldReader, run: RunContext) throws(StageError) -> Block {
    do {
      let block = try Block(uninitialized: output.whole)
      (unsafe block.values[0], unsafe block.validity[0]) = (0, 1)
      return block
    } catch { throw StageError("\(error)") }
  }
}

/// Which outputs of a pipeline are lists.
struct ListOutputs {
  var outputs: [ListOutput] = []
  /// Indices among the outputs of the pipeline; those with faults too.
  var indices: Set<Int> = []
  func isList(_ index: Int) -> Bool { indices.contains(index) }
}

extension ListOutput {
  func with(_ attributes: [Attribute]) -> ListOutput {
    var header = header
    header.definition.attributes += attributes
    return ListOutput(
      path: path, form: form, listing: listing, description: description, header: header, origin: origin)
  }
}

extension Planner {
  /// Adds what the outputs that are lists wait for.
  func addLists(
    to graph: inout ComputationGraph, _ nodes: [PipelineSpec.Reference.Target: NodeID], paths: [String],
    _ faults: inout [Fault]
  ) -> ListOutputs {
    var lists = ListOutputs()
    for (index, (output, path)) in zip(spec.outputs, paths).enumerated() {
      guard let node = nodes[output.input.target] else { continue }
      let listing = (graph.computation(node) as? any Listing)?.listing
      do throws(PlanError) {
        guard let form = try ListOutput.form(output, path, listing), let listing else { continue }
        lists.indices.insert(index)
        var description = graph.description(node)
        description.time?.bounds = nil
        let header: EncodedHeader
        do throws(GridError) { header = try EncodedHeader(description, options(output)) } catch {
          throw PlanError(error.cause, at: output.mark, subject: error.subject, remedy: error.remedy)
        }
        let origin = graph.nodes[node.index].origin
        (graph.origin, graph.mark) = (origin, output.fileMark)
        _ = graph.add(ListGathered(path: path, mark: output.fileMark), inputs: [listing.node ?? node])
        lists.outputs.append(
          ListOutput(
            path: path, form: form, listing: listing, description: description, header: header, origin: origin
          ))
      } catch {
        lists.indices.insert(index)
        faults.append(Fault(error, pipeline: spec.path, at: output.mark, stage: "output"))
      }
    }
    return lists
  }
}
