import Basics
import Compute
import GridFiles
import Grids
import Networks
import ONNX

/// Applies a trained network.
public struct Predict: Stage {
  public static let declaration = StageDeclaration(
    name: "predict", summary: "applies a trained network to a field",
    discussion: """
      The channels of the network are the variables of `input`, each with all its levels, in their order (`stack` \
      joins them); they must be those that the model was trained on: standard names are compared, units converted. \
      Normalisation, and its inverse for the result, are the model's. A model that was trained on the difference from \
      a first estimate needs that field as `residual`, and the result is the field itself. Names, units and standard \
      names of the result are the model's. Large fields go through the network in tiles with the halo that its \
      output depends on: the result is that of the whole field, and its bytes depend neither on threads nor on \
      memory. The model is a file of ONNX, made by `train` or by another program, whose \
      inputs are [batch, channels, rows, columns]; what such a file does not say of the data (variables, units, normalisation) is given here, and what it \
      says cannot be changed here. The field's cells must have the size that the model was trained on. Beyond the edge \
      of the domain the field goes on as the model says; one that joins east and west wants \
      a global grid. A network that does not pad (`padding: valid`) makes less than it is given: what lies around \
      the field is then put there, the nearest cell again (`edges: replicate`), or the cells of the result that \
      would depend on it are missing (`edges: missing`). Missing inputs are filled with the channel's mean for the network, and their own cells are \
      missing in the result. A network that was trained on a map of classes gives the most likely class (int8, with its \
      flags) and the probability of each. `members` gives draws instead of the expected value: of a model that predicts \
      a distribution (independent in each cell), of a network with dropout, which then stays at work in each run (its \
      masks are those of a window, so they change with `tile`), or both; a function of `seed` alone. With `augment` the \
      network sees the field in four or eight orientations, as in a training with the same words, and the result is the \
      mean of what it makes of them, turned back (Lim et al. 2017, Enhanced deep residual networks for single image \
      super-resolution: self-ensemble). The `source` of the \
      result names the model file and its SHA-256.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "model", .either([.stream, .text]), required: true, "a model file, or the result of a `train` stage"),
      Key("residual", .stream, "the first estimate that the model's output is added to"),
      Key("grid", .stream, "the finer grid of the result, for a network that refines it by itself"),
      Key(
        "edges", .choice(PredictionEdges.allCases.map(\.rawValue)), default: "replicate",
        "what stands for neighbours beyond the domain, for a network that does not pad"),
      Key("tile", .integer, default: "256", "rows and columns of a tile, without the halo"),
      Key(
        "spacing", .choice(["match", "any"]), default: "match",
        "whether cells must have the size that the model was trained on"),
      Key(
        "precision", .choice(LayoutOptions.Precision.allCases.map(\.rawValue)), default: "fast",
        LayoutOptions.Precision.help),
    ] + PredictionTurns.keys + PredictionMembers.keys + ModelDescription.keys)

  private let arguments: Arguments
  private let tile: Int
  private let added: ModelMetadata
  private let layouts: LayoutOptions

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    tile = arguments.integer("tile") ?? 256
    let precision = arguments.text("precision").flatMap(LayoutOptions.Precision.init(rawValue:))
    layouts = LayoutOptions(precision: precision ?? .fast)
    guard (1...1 << 20).contains(tile) else {
      throw PlanError("`tile` goes from 1 to \(1 << 20), found \(tile)", at: arguments.mark("tile"))
    }
    added = try ModelDescription.read(arguments)
  }

  public var files: [String] { arguments.path("model").map { [$0] } ?? [] }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let source = try source(inputs, graph, input.description.grid)
    let model = source.known
    try checkSpacing(model, input)
    var streams = [input]
    var channels = try ChannelMatch(model.inputs, of: input, role: "the model expects")
    var base: ChannelMatch?
    if let wanted = model.base {
      guard let residual = inputs["residual"] else {
        throw PlanError(
          "the model was trained on the difference from \(wanted.map(\.title).joined(separator: ", "))",
          at: arguments.mark("model"), remedy: "give that field as `residual`")
      }
      base = try ChannelMatch(wanted, of: residual, role: "as `residual` the model expects")
      streams.append(residual)
    } else if let residual = inputs["residual"] {
      throw PlanError(
        "the model predicts the values themselves: there is nothing to add `\(residual.name)` to",
        at: residual.mark, remedy: "leave out `residual`")
    }
    let members = try PredictionMembers(arguments, model)
    let geometry = try PredictionGeometry(
      model, input.description.grid, tile: tile, hasTile: arguments.value("tile") != nil, layouts: layouts,
      members: members, mark: arguments.mark("model"), tileMark: arguments.mark("tile"))
    let turns = try PredictionTurns(arguments, source, geometry, layouts, members)
    if let edges = arguments.value("edges"), !geometry.crops {
      throw PlanError(
        "the network pads by itself: no cell lacks neighbours", at: edges.mark, remedy: "leave out `edges`")
    }
    var output = input.description
    output.layers = members.map { [$0.axis] } ?? []
    output.grid = try grid(geometry, inputs, input)
    output.variables = geometry.classes.map { ClassResult.variables(model, $0) } ?? Self.variables(model)
    let before = input.description.globalAttributes["source"]?.text.map { "\($0); " } ?? ""
    output.globalAttributes.removeAll { $0.name == "source" }
    output.globalAttributes.append(
      Attribute(
        "source",
        "\(before)\(LateAttribute.place("program")), network \(source.title)\(layouts.precision.provenance)"
          + (turns.map { ", \($0.title)" } ?? "")))
    if streams.count > 1 {
      // Features that hold for all times give a result for each time of the first estimate.
      if output.time == nil, let time = streams[1].description.time {
        (output.time, channels.repeatsTime) = (time, true)
      }
      var reference = output
      reference.layers = streams[1].description.layers
      let alignment = try Alignment(of: streams[1], on: reference, named: "the result")
      base?.repeatsTime = alignment.repeatsTime
    }
    var nodes = streams.map(\.node)
    // Named as an input, so that the model is made first; nothing is read from it.
    if let maker = inputs["model"] { nodes.append(maker.node) }
    return graph.add(
      Predicted(
        output: output,
        engine: PredictionEngine(
          source, geometry.graph, geometry.goals, parameterBytes: geometry.parameterBytes),
        geometry: geometry, channels: channels,
        base: base, members: members, turns: turns,
        edges: arguments.text("edges").flatMap(PredictionEdges.init) ?? .replicate),
      inputs: nodes)
  }

  private func checkSpacing(_ model: TrainedModel, _ input: StageInputs.Stream) throws(PlanError) {
    guard arguments.text("spacing") != "any", let wanted = model.spacing,
      let found = input.description.grid.spacing, !wanted.fits(found)
    else { return }
    throw PlanError(
      "the model was trained on cells of \(wanted.title), `\(input.name)` has cells of \(found.title)",
      at: input.mark, subject: input.name,
      remedy: "`regrid` the field, or say `spacing: any` when the network does not mind")
  }

  private func source(_ inputs: StageInputs, _ graph: ComputationGraph, _ grid: Grid) throws(PlanError)
    -> ModelSource
  {
    if let stream = inputs["model"] {
      if let key = ModelDescription.keys.first(where: { arguments.value($0.name) != nil }) {
        throw PlanError(
          "`\(key.name)` is what a model file may lack, and `\(stream.name)` makes a whole one",
          at: arguments.mark(key.name), remedy: "leave it out")
      }
    }
    return try ModelSource(inputs, graph, arguments) { path throws(ModelError) in
      try ModelFile.open(path, output: arguments.text("output")).adding(added)
        .trained(sizes: [[min(256, grid.ny), min(256, grid.nx)], [grid.ny, grid.nx]])
    }
  }

  /// The grid of the result: the input's, or a finer one that the network makes.
  private func grid(
    _ geometry: PredictionGeometry, _ inputs: StageInputs, _ input: StageInputs.Stream
  ) throws(PlanError) -> Grid {
    let grid = input.description.grid
    guard geometry.refines else {
      if let given = inputs["grid"] {
        throw PlanError(
          "the network does not change the grid", at: given.mark, remedy: "leave out `grid`")
      }
      return grid
    }
    let (ny, nx) = (grid.ny * geometry.rowFactor, grid.nx * geometry.columnFactor)
    guard let fine = inputs["grid"] ?? inputs["residual"] else {
      throw PlanError(
        "the network makes \(ny) x \(nx) cells of \(grid.ny) x \(grid.nx)", at: arguments.mark("model"),
        remedy: "give a stream on that finer grid as `grid`")
    }
    guard fine.description.grid.ny == ny, fine.description.grid.nx == nx,
      try Refinement(input, in: fine) != nil
    else {
      throw PlanError(
        "the network makes \(ny) x \(nx) cells of \(grid.ny) x \(grid.nx), `\(fine.name)` has "
          + "\(fine.description.grid.ny) x \(fine.description.grid.nx)", at: fine.mark)
    }
    return fine.description.grid
  }

  /// One variable for each channel that the model predicts.
  private static func variables(_ model: TrainedModel) -> [VariableDescription] {
    var taken: Set<String> = []
    return model.outputs.map { channel in
      var name = channel.name
      var number = 1
      while !taken.insert(name).inserted {
        number += 1
        name = "\(channel.name)_\(number)"
      }
      var variable = VariableDescription(
        name: name, standardName: channel.standardName, longName: channel.longName, units: channel.units,
        cellMethods: channel.cellMethods)
      if let layer = channel.layer { variable.set("level", .text(layer)) }
      return variable
    }
  }
}
