import Grids

/// Makes boxes of what a network says block by block.
public struct Boxes: Stage {
  public static let declaration = StageDeclaration(
    name: "boxes",
    summary: "makes boxes of what a network with the loss `box-grid` says, the best of those that overlap",
    discussion: """
      The input has the variables `box_probability_CLASS`, `box_row`, `box_column`, `box_rows` and `box_columns`, as \
      `predict` makes them with a model of the loss `box-grid`, and `mark-boxes` from labels (`stride: 1`). In each block of \
      `stride` x `stride` cells the first cell that is not missing speaks; where the probability of a class is `at-least`, \
      its box counts. Of boxes of a class that have more than `overlap` in common (the area of both on the sphere by the \
      area of either, across the date line too) only the most probable stays (non-maximum suppression). The result is a \
      field: in each cell the class of the most probable box that covers it, and its probability; or, as for `objects`, the \
      list of the boxes: south, north, west and east in degrees (east goes beyond 180 or 360 where a box lies across the \
      seam), area in km2, probability, number of the class. After Redmon et al. 2016 (CVPR) and Racah et al. 2017 (NIPS).
      """,
    keys: [
      Key("input", .stream, "what was said"),
      Key("classes", .list(.text), default: "all", "the classes that count"),
      Key("stride", .integer, required: true, "cells of a block along each side: that of the loss"),
      Key("at-least", .number, default: "0.5", "the least probability"),
      Key("overlap", .number, default: "0.5", "what boxes of a class may have in common"),
      Key("name", .text, default: "box", "what a box is called"),
    ])

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    for key in ["at-least", "overlap"] {
      if let number = arguments.number(key), !(0...1).contains(number) {
        throw PlanError("`\(key)` lies between 0 and 1", at: arguments.mark(key))
      }
    }
    if let stride = arguments.integer("stride"), !(1...1024).contains(stride) {
      throw PlanError("`stride` goes from 1 to 1024, found \(stride)", at: arguments.mark("stride"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    var found = try DetectionFields(inputs, stage: "boxes")
    let input = found.main
    guard input.description.grid.isRectilinear else {
      throw PlanError(
        "boxes lie between parallels and meridians, and the grid of `\(input.name)` does not", at: input.mark)
    }
    let variables = input.description.variables
    let known = variables.map(\.name).filter { $0.hasPrefix(BoxNames.probability) }.map {
      String($0.dropFirst(BoxNames.probability.count))
    }
    var classes = known
    if let list = arguments.list("classes") {
      classes = []
      for item in list {
        guard let name = item.text, known.contains(name) else {
          throw PlanError(
            "`\(input.name)` says nothing of a class `\(item.text ?? "")`", at: item.mark,
            remedy: Suggestion.remedy(for: item.text ?? "", among: known))
        }
        classes.append(name)
      }
    }
    guard !classes.isEmpty, classes.count < 127 else {
      throw PlanError(
        "`\(input.name)` has no variable \(BoxNames.probability)CLASS", at: input.mark, subject: input.name,
        remedy: "it has \(input.description.variableList)")
    }
    var fields: [DetectionField] = []
    for name in classes.map({ BoxNames.probability + $0 }) + BoxNames.numbers {
      guard let index = input.description.variableIndex(name) else {
        throw PlanError(
          "`\(input.name)` has no variable `\(name)`", at: input.mark, subject: name,
          remedy: "give what `predict` makes with a model of the loss `box-grid`, or `mark-boxes`")
      }
      fields.append(try found.field((input, index), units: nil, at: input.mark))
    }
    let noun = arguments.text("name") ?? "box"
    let mask = noun.map { $0 == " " ? "_" : String($0) }.joined()
    var output = input.description
    output.layers = []
    output.variables = [
      VariableDescription(
        name: mask, longName: "class of the most probable \(noun)", units: nil,
        flags: [.init(value: 0, meaning: "background")]
          + classes.enumerated().map { .init(value: Int8(clamping: $0 + 1), meaning: $1) }),
      VariableDescription(
        name: "\(mask)_probability", longName: "probability of the most probable \(noun)", units: "1"),
    ]
    return graph.add(
      BoxScan(
        label: "\(noun)es", output: output, fields: fields, cells: SphereCells(input.description.grid),
        listing: ObjectListing(
          columns: BoxScan.columns(classes), found: FoundObjects(), noun: noun,
          west: ObjectListing.west(of: input.description.grid)), classes: classes.count,
        edges: .init(input.description.grid), stride: arguments.integer("stride") ?? 8,
        least: arguments.number("at-least") ?? 0.5, overlap: arguments.number("overlap") ?? 0.5),
      inputs: found.used)
  }
}
