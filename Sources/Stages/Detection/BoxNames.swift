import Grids

/// The variables that tell of boxes, in the order of the channels of the loss `box-grid`.
enum BoxNames {
  static let probability = "box_probability_"
  static let numbers = ["box_row", "box_column", "box_rows", "box_columns"]

  static func variables(_ classes: [String]) -> [VariableDescription] {
    let titles = [
      "rows from the cell to the centre of its box", "columns from the cell to the centre of its box",
      "rows of the box", "columns of the box",
    ]
    return classes.map {
      VariableDescription(
        name: probability + $0, longName: "probability of the centre of a box with \($0)", units: "1")
    } + zip(numbers, titles).map { VariableDescription(name: $0, longName: $1, units: "1") }
  }
}
