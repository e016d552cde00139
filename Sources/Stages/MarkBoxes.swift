import Grids
import Networks

/// Makes targets of boxes from maps of classes.
public struct MarkBoxes: Stage {
  public static let declaration = StageDeclaration(
    name: "mark-boxes",
    summary: "makes from a map of classes the boxes that a network learns (loss `box-grid`)",
    discussion: """
      Cells of a class that touch (8 neighbours, across the date line too) hang together; the box is the least one of rows \
      and columns that holds them. The result is, on the same grid, for each class `box_probability_CLASS`, 1 in the cell \
      of a box's centre and 0 elsewhere, and in the cells of centres the rows and columns from the cell to the centre (\
      `box_row`, `box_column`, within half a cell) and the rows and columns of the box (`box_rows`, `box_columns`). Of boxes \
      with their centre in one cell the largest is told. With `labelled` the other times are missing: fields without \
      labels, from which the loss learns nothing and the layer `rebuild` of an autoencoder all it can (semi-supervised). \
      `boxes` with `stride: 1` makes the list of the boxes.
      """,
    keys: [
      Key("input", .stream, "the map of classes"),
      Key("variable", .text, default: "the only one with classes", "its variable"),
      Key("classes", .list(.text), default: "all but the background", "the classes that have boxes"),
      Key("background", .text, default: "the class of value 0", "the class that is nothing"),
      Key("cells", .integer, default: "1", "cells that a box needs"),
      Key("labelled", .mapping(TrainingSetup.timeKeys), default: "all", "the times that have labels"),
    ])

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    if let cells = arguments.integer("cells"), cells < 1 {
      throw PlanError("`cells` is 1 at least", at: arguments.mark("cells"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let description = input.description
    guard description.layerCount == 1 else {
      throw PlanError("`mark-boxes` works on one level", at: input.mark, subject: input.name)
    }
    let flagged = description.variables.indices.filter { description.variables[$0].flags != nil }
    let variable: Int
    if let name = arguments.value("variable") {
      variable = try input.variable(name)
    } else if flagged.count == 1 {
      variable = flagged[0]
    } else {
      throw PlanError(
        "`\(input.name)` has \(flagged.count) variables with classes", at: input.mark,
        remedy: "say which with `variable`: \(description.variableList)")
    }
    guard let flags = description.variables[variable].flags else {
      throw PlanError(
        "`\(description.variables[variable].name)` has no classes", at: arguments.mark("variable"),
        remedy: "state them at the input: `attributes: {flag_values: [...], flag_meanings: ...}`")
    }
    let background = arguments.text("background") ?? flags.first { $0.value == 0 }?.meaning
    var classes = flags.filter { $0.meaning != background }
    if let list = arguments.list("classes") {
      classes = []
      for item in list {
        guard let flag = flags.first(where: { $0.meaning == item.text }) else {
          throw PlanError(
            "there is no class `\(item.text ?? "")`", at: item.mark,
            remedy: Suggestion.remedy(for: item.text ?? "", among: flags.map(\.meaning)))
        }
        classes.append(flag)
      }
    }
    guard !classes.isEmpty else { throw PlanError("no class has boxes", at: arguments.mark("classes")) }
    var labelled: Set<Int>?
    if arguments.value("labelled") != nil {
      labelled = Set(try TimeSelection(arguments.part("labelled")).indices(of: input))
    }
    var output = description
    output.layers = []
    output.variables = BoxNames.variables(classes.map(\.meaning))
    return graph.add(
      BoxMarking(
        output: output, variable: variable, classes: classes.map { Float($0.value) },
        cells: SphereCells(description.grid), minimum: arguments.integer("cells") ?? 1, labelled: labelled),
      inputs: [input.node])
  }
}
