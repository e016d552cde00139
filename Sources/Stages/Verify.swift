import Basics
import Grids

/// Measures how well detectors tell classes.
public struct Verify: Stage {
  public static let declaration = StageDeclaration(
    name: "verify",
    summary: "measures masks and probabilities against true classes: F1, IoU, AUC, CSI within km, ...",
    discussion: """
      For each class of the truth's map but the `background`, over all cells where the truth and all methods are valid: \
      precision TP / (TP + FP), recall (POD) TP / (TP + FN), f1, iou (CSI) TP / (TP + FP + FN), far FP / (TP + FP), \
      bias (TP + FP) / (TP + FN), accuracy; from probabilities also roc-auc (ties half), pr-auc (average precision) \
      and brier, to 1/16384 of probability. A method gives a map of classes, or the probability of each class in \
      variables named ..._probability_CLASS as `predict` and `detect` make them; with both, the map alone decides unless \
      `threshold` is given: a class is then said to be where its probability reaches the number, or with \
      `threshold: best` the number that gave the largest F1 on the times `choose`; the scores are of the other times, so \
      that nothing is chosen on what it is measured with. With `within` km pod-within is the share of true cells that \
      have a said cell so near, far-within the share of said cells that have no true one, csi-within 1 / (1/pod + \
      1/(1 - far) - 1) (Roebber 2009, Weather and Forecasting 24, 601-608). `reliability` bins of probability give the \
      reliability diagram (Murphy and Winkler 1977) of the measured times: in each the mean probability, the share of cells \
      that have the class, and their number, in the file (`reliability`) and in the result (`forecast_1`, `observed_1`, \
      `cells_1`, ...); calibration-error is the mean of the differences of the two, weighted by the cells. The result is \
      the same numbers as a data set.
      """,
    hasEffect: true,
    keys: [
      Key("truth", .stream, required: true, "the map of true classes"),
      Key("variable", .text, default: "the only one with classes", "the truth's variable"),
      Key(
        "methods", .either([.dictionary(.stream), .streams]), required: true,
        "what is measured: a list, or name: field"),
      Key("classes", .list(.text), default: "all but the background", "the classes that are measured"),
      Key("background", .text, default: "the class of value 0", "the class that is nothing"),
      Key(
        "threshold", .either([.number, .choice(["best"])]),
        "probability from which a class is said to be there"),
      Key("choose", .mapping(timeKeys), "the times that `threshold: best` is chosen on"),
      Key(
        "times", .mapping(timeKeys), default: "all, without those of `choose`", "the times that are measured"),
      Key("within", .number, "km"),
      Key("reliability", .integer, "bins of probability of the reliability table"),
      Key("json", .text, "a file that gets the scores as JSON too"),
    ])

  static let timeKeys: [Key] = TrainingSetup.timeKeys

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    if let number = arguments.number("threshold"), !(0...1).contains(number) {
      throw PlanError("`threshold` lies between 0 and 1", at: arguments.mark("threshold"))
    }
    if (arguments.text("threshold") == "best") != (arguments.value("choose") != nil) {
      throw PlanError(
        "`threshold: best` and `choose` go together", at: arguments.mark("choose"),
        remedy: "e.g. `threshold: best, choose: {to: 2003}`")
    }
    if let bins = arguments.integer("reliability"), !(2...100).contains(bins) {
      throw PlanError(
        "`reliability` goes from 2 to 100 bins, found \(bins)", at: arguments.mark("reliability"))
    }
    if let within = arguments.number("within"), !(0...5000).contains(within) {
      throw PlanError("`within` lies between 0 and 5000 km", at: arguments.mark("within"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let truth = try inputs.stream("truth")
    let variable: Int
    if let name = arguments.value("variable") {
      variable = try truth.variable(name)
    } else {
      let found = truth.description.variables.indices.filter { truth.description.variables[$0].flags != nil }
      guard found.count == 1 else {
        throw PlanError(
          "`\(truth.name)` has \(found.count) variables with classes", at: truth.mark,
          remedy: "say which with `variable`: \(truth.description.variableList)")
      }
      variable = found[0]
    }
    guard let flags = truth.description.variables[variable].flags else {
      throw PlanError(
        "`\(truth.description.variables[variable].name)` has no classes", at: arguments.mark("variable"),
        remedy: "state them at the input: `attributes: {flag_values: [...], flag_meanings: ...}`")
    }
    let background: String =
      arguments.text("background") ?? flags.first(where: { $0.value == 0 })?.meaning ?? ""
    var classes: [VariableDescription.Flag] = []
    if let list = arguments.list("classes") {
      for item in list {
        guard let flag = flags.first(where: { $0.meaning == item.text }) else {
          throw PlanError(
            "the truth has no class `\(item.text ?? "")`", at: item.mark,
            remedy: Suggestion.remedy(for: item.text ?? "", among: flags.map(\.meaning)))
        }
        classes.append(flag)
      }
    } else {
      classes = flags.filter { $0.meaning != background }
    }
    guard !classes.isEmpty else { throw PlanError("there is no class to measure", at: truth.mark) }
    let streams = inputs.all("methods")
    guard let value = arguments.value("methods"), !streams.isEmpty else {
      throw PlanError("`verify` needs `methods`", at: arguments.mark)
    }
    var names = streams.map(\.name)
    if case .mapping(let entries) = value.content { names = entries.map(\.key) }
    guard names.count == streams.count, Set(names).count == names.count else {
      throw PlanError("a method is named twice, or its stream is not there", at: value.mark)
    }
    var methods: [Verified.Method] = []
    for (name, stream) in zip(names, streams) {
      methods.append(try method(name, stream, truth, classes, variable))
    }
    let within = arguments.number("within")
    if within != nil, let reason = SphereCells.fault(truth.description.grid) {
      throw PlanError("the grid of `\(truth.name)` has no distances: \(reason)", at: arguments.mark("within"))
    }
    let times = try MeasuredTimes(arguments, truth, count: truth.description.timeCount)
    let bins = arguments.integer("reliability") ?? 0
    let hasProbabilities = methods.contains { !$0.probabilities.isEmpty }
    if bins > 0, !hasProbabilities {
      throw PlanError(
        "no method gives probabilities: there is no reliability", at: arguments.mark("reliability"),
        remedy: "leave it out, or give what `predict` or `detect` make")
    }
    let metrics = Verified.metrics(
      hasProbabilities: hasProbabilities, hasBins: bins > 0, within: within != nil)
    func axis(_ name: String, _ labels: [String]) -> Axis {
      Axis(name: name, kind: .other, values: labels.indices.map(Double.init), labels: labels)
    }
    let output = Description(
      variables: metrics.map { metric in
        VariableDescription(
          name: metric.map { $0 == "-" ? "_" : String($0) }.joined(), longName: metric, units: "1")
      } + ReliabilityTable.variables(bins, of: "cells"), time: nil,
      layers: [axis("method", names), axis("class", classes.map(\.meaning))],
      grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1)),
      globalAttributes: truth.description.globalAttributes)
    let threshold: Verified.Threshold? =
      arguments.text("threshold") == "best"
      ? .best(times.chosen ?? []) : arguments.number("threshold").map { .given($0) }
    return graph.add(
      Verified(
        output: output, truth: truth.description, variable: variable, classes: classes, methods: methods,
        threshold: threshold, measured: times.measured, within: within,
        cells: SphereCells(truth.description.grid),
        metrics: metrics, bins: bins,
        period: EvaluatedTimes.text(
          truth.description.time, measured: times.measured,
          chosen: arguments.text("threshold") == "best" ? times.chosen : nil),
        json: arguments.path("json").map { .init(path: $0, mark: arguments.mark("json")) },
        order: graph.nodes.count * 1_000_000), inputs: [truth.node] + streams.map(\.node))
  }

  private func method(
    _ name: String, _ stream: StageInputs.Stream, _ truth: StageInputs.Stream,
    _ classes: [VariableDescription.Flag],
    _ variable: Int
  ) throws(PlanError) -> Verified.Method {
    let alignment = try Alignment(of: stream, on: truth.description, named: truth.name)
    let variables = stream.description.variables
    var map: Int?
    if let index = variables.indices.first(where: { index in
      guard let flags = variables[index].flags else { return false }
      return classes.contains { wanted in flags.contains { $0.meaning == wanted.meaning } }
    }) {
      map = index
    }
    var values: [Float?] = []
    var probabilities: [Int] = []
    for wanted in classes {
      values.append(
        map.flatMap { variables[$0].flags?.first { $0.meaning == wanted.meaning } }.map { Float($0.value) })
      if let index = variables.firstIndex(where: {
        $0.name.hasSuffix("_probability_\(wanted.meaning)") || $0.name == "probability_\(wanted.meaning)"
      }) {
        probabilities.append(index)
      }
    }
    if probabilities.count != classes.count { probabilities = [] }
    if probabilities.isEmpty, map == nil, classes.count == 1, variables.count == 1, variables[0].flags == nil
    {
      probabilities = [0]
    }
    guard map != nil || !probabilities.isEmpty else {
      throw PlanError(
        "`\(stream.name)` has neither a map with the classes \(classes.map(\.meaning).joined(separator: ", ")) nor their probabilities",
        at: stream.mark, subject: stream.name, remedy: "it has \(stream.description.variableList)")
    }
    if arguments.value("threshold") == nil, map == nil {
      throw PlanError(
        "`\(stream.name)` has probabilities alone: say from where on a class is there", at: stream.mark,
        remedy: "`threshold: 0.5`, or `threshold: best` with `choose`")
    }
    return Verified.Method(
      name: name, alignment: alignment, map: map, values: values, probabilities: probabilities,
      usesThreshold: arguments.value("threshold") != nil && !probabilities.isEmpty)
  }
}
