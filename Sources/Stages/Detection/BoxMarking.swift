import Grids

/// Boxes around the regions of classes, written into the cells of their centres.
struct BoxMarking: Computation {
  let output: Description
  let variable: Int
  let classes: [Float]
  let cells: SphereCells
  let minimum: Int
  /// Nil: all times.
  let labelled: Set<Int>?
  let label = "boxes of classes"
  var isKept: Bool { true }

  func steps(for region: Region) -> [[Need]] {
    region.times.map { time in
      [
        Need(
          0,
          Region(
            variables: variable..<variable + 1, times: time..<time + 1, layers: 0..<1,
            rows: 0..<output.grid.ny, columns: 0..<output.grid.nx))
      ]
    }
  }

  func scratchBytes(for region: Region) -> Int { output.grid.count * 4 * (output.variables.count + 3) }
  func operations(for region: Region) -> Double {
    Double(region.times.count * output.grid.count) * 20 * Double(classes.count)
  }
  func begin(_ region: Region) throws(StageError) -> any Work { BoxMarkingWork(self, try Block.make(region)) }

  /// The least box of rows and columns around cells; columns go on across the seam.
  struct Extent: Sendable, Hashable {
    /// Of the first cell.
    var row: Int
    var column: Int
    var rows: Int
    var columns: Int
  }

  func extent(of members: [Int32]) -> Extent {
    let rows = members.map { Int($0) / cells.width }
    let (top, bottom) = (rows.min() ?? 0, rows.max() ?? 0)
    let columns = Set(members.map { Int($0) % cells.width }).sorted()
    guard let west = columns.first, let east = columns.last else {
      return Extent(row: 0, column: 0, rows: 0, columns: 0)
    }
    var (first, width) = (west, east - west + 1)
    if cells.isPeriodic {
      // What is left is the widest gap.
      for (index, column) in columns.enumerated() where index > 0 {
        let around = cells.columns - (column - columns[index - 1]) + 1
        if around < width { (first, width) = (column, around) }
      }
    }
    return Extent(row: top, column: first, rows: bottom - top + 1, columns: width)
  }

  /// Maps of the variables of the output.
  func maps(_ classMap: [Float]) -> [[Float]] {
    var maps = [[Float]](
      repeating: [Float](repeating: 0, count: cells.count), count: classes.count + BoxNames.numbers.count)
    var sizes = [Int](repeating: 0, count: cells.count)
    for (index, value) in classes.enumerated() {
      for members in Components.find(cells, diagonal: true, in: classMap.map { $0 == value })
      where members.count >= minimum {
        let box = extent(of: members)
        let row = Double(box.row) + Double(box.rows - 1) / 2
        let column = Double(box.column) + Double(box.columns - 1) / 2
        // A centre between two cells belongs to the first.
        let (j, i) = (box.row + (box.rows - 1) / 2, box.column + (box.columns - 1) / 2)
        let cell = j * cells.width + (cells.isPeriodic ? i % cells.columns : i)
        guard box.rows * box.columns > sizes[cell] else { continue }
        sizes[cell] = box.rows * box.columns
        for other in classes.indices { maps[other][cell] = other == index ? 1 : 0 }
        let numbers = [row - Double(j), column - Double(i), Double(box.rows), Double(box.columns)]
        for (k, number) in numbers.enumerated() { maps[classes.count + k][cell] = Float(number) }
      }
    }
    for cell in classMap.indices where classMap[cell].isNaN { for k in maps.indices { maps[k][cell] = .nan } }
    return maps
  }

  private final class BoxMarkingWork: Work {
    let marking: BoxMarking
    let result: Block
    init(_ marking: BoxMarking, _ result: Block) { (self.marking, self.result) = (marking, result) }

    func take(_ blocks: [Block], step: Int) throws(StageError) {
      guard let block = blocks.first else { throw StageError("`mark-boxes` was given no input") }
      let region = result.region
      let isLabelled = marking.labelled?.contains(region.times.lowerBound + step) ?? true
      let count = marking.cells.count
      let maps =
        isLabelled
        ? marking.maps((0..<count).map { block.validity[$0] == 0 ? .nan : block.values[$0] }) : []
      for v in region.variables {
        var place = result.mapOffset(v - region.variables.lowerBound, step, 0)
        for row in region.rows {
          for column in region.columns {
            let i = column < marking.cells.columns ? column : column - marking.cells.columns
            let value = isLabelled ? maps[v][row * marking.cells.width + i] : .nan
            (result.values[place], result.validity[place]) = (value, value.isNaN ? 0 : 1)
            place += 1
          }
        }
      }
    }
    func finish() throws(StageError) -> Block { result }
  }
}
