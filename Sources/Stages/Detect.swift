import Basics
import Compute
import GridFiles
import Grids
import Networks
import ONNX

/// Applies a classifier of patches to whole fields.
public struct Detect: Stage {
  public static let declaration = StageDeclaration(
    name: "detect", summary: "applies a classifier of patches to whole fields: probability maps",
    discussion: """
      The classifier was trained by `train` on patches and ends in `flatten` and dense layers. Its dense layers become \
      convolutions (Sermanet et al. 2014, arXiv 1312.6229), so that it goes over the field at once and not window by \
      window; each answer is that for the window. Its layers must not pad. A window stands for the cell in its middle \
      (row rows/2, column columns/2 of the patch, as in training). With a `stride` of n every n-th window along rows and \
      columns is taken, and each cell has the answer of the nearest one; finer strides than the network's own (the \
      product of its pooling steps) take several applications. On a grid that closes in longitude windows go across the \
      seam; next to the poles, and at the edges of a regional grid, where no window fits, the result is missing. Missing \
      values are filled with the channel's mean for the network. The result: the most likely class and the probability of \
      each.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "model", .either([.stream, .text]), required: true, "a model file, or the result of a `train` stage"),
      Key(
        "stride", .either([.integer, .list(.integer)]), default: "4",
        "cells from window to window, or [rows, columns]"),
      Key(
        "precision", .choice(LayoutOptions.Precision.allCases.map(\.rawValue)), default: "fast",
        LayoutOptions.Precision.help),
    ])

  private let arguments: Arguments
  private let stride: (rows: Int, columns: Int)
  private let layouts: LayoutOptions

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    let numbers = (arguments.list("stride") ?? []).compactMap(\.integer)
    guard
      arguments.value("stride") == nil
        || ((1...2).contains(numbers.count) && numbers.allSatisfy { (1...4096).contains($0) })
    else {
      throw PlanError("`stride` needs one number from 1 to 4096, or two", at: arguments.mark("stride"))
    }
    stride = (numbers.first ?? 4, numbers.last ?? 4)
    layouts = LayoutOptions(
      precision: arguments.text("precision").flatMap(LayoutOptions.Precision.init(rawValue:)) ?? .fast)
  }

  public var files: [String] { arguments.path("model").map { [$0] } ?? [] }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let source = try ModelSource(inputs, graph, arguments) { path throws(ModelError) in
      let stored = try ModelFile.open(path)
      return try stored.trained(sizes: [stored.metadata.patch ?? [32, 32]])
    }
    let model = source.known
    guard model.base == nil else {
      throw PlanError("the model predicts a difference, no classes", at: arguments.mark("model"))
    }
    let channels = try ChannelMatch(model.inputs, of: input, role: "the model expects")
    let geometry = try DetectGeometry(
      model, input.description.grid, stride: stride, layouts: layouts, mark: arguments.mark("model"))
    var output = input.description
    output.layers = []
    output.variables =
      geometry.classes == 1
      ? [
        VariableDescription(
          name: "\(model.outputs[0].name)_probability",
          longName: "probability of \(model.outputs[0].longName ?? model.outputs[0].name)",
          units: "1")
      ] : ClassResult.variables(model, geometry.classes)
    let before = input.description.globalAttributes["source"]?.text.map { "\($0); " } ?? ""
    output.globalAttributes.removeAll { $0.name == "source" }
    output.globalAttributes.append(
      Attribute(
        "source",
        "\(before)\(LateAttribute.place("program")), network \(source.title)\(layouts.precision.provenance)"))
    var nodes = [input.node]
    if let maker = inputs["model"] { nodes.append(maker.node) }
    return graph.add(
      Detected(
        output: output,
        engine: PredictionEngine(
          source, geometry.graph, geometry.goals, parameterBytes: geometry.parameterBytes),
        geometry: geometry, channels: channels,
        stride: stride, input: input.description), inputs: nodes)
  }
}
