import Basics
import Grids

/// How many cells of a finer grid lie in each cell of a coarser one.
struct Refinement: Sendable, Hashable {
  let rows: Int
  let columns: Int

  static let none = Refinement(rows: 1, columns: 1)
  var isNone: Bool { self == .none }

  private init(rows: Int, columns: Int) { (self.rows, self.columns) = (rows, columns) }

  /// - Returns: nil when the sizes are no multiples.
  /// - Throws: `PlanError` at the finer stream when the coarse cells are not blocks of its cells.
  init?(_ coarse: StageInputs.Stream, in fine: StageInputs.Stream) throws(PlanError) {
    let (small, large) = (coarse.description.grid, fine.description.grid)
    guard small.ny >= 1, small.nx >= 1, large.ny % small.ny == 0, large.nx % small.nx == 0 else { return nil }
    (rows, columns) = (large.ny / small.ny, large.nx / small.nx)
    guard rows * columns > 1 else { return }
    let blocks: Grid
    do throws(GridError) {
      blocks = try large.coarsened(try Coarsening(large, rows: rows, columns: columns, pads: false))
    } catch {
      throw PlanError(error.cause, at: fine.mark, subject: error.subject, remedy: error.remedy)
    }
    if let difference = small.difference(from: blocks) {
      throw PlanError(
        "the cells of `\(coarse.name)` are not blocks of \(rows) x \(columns) cells of `\(fine.name)`: \(difference)",
        at: fine.mark, subject: fine.name, remedy: "`coarsen` makes such a grid, or `regrid` to it")
    }
  }
}

extension PartOfField {
  /// The blocks of cells that lie wholly in the part, on the grid of the blocks.
  func blocks(_ refinement: Refinement) -> PartOfField {
    if refinement.isNone { return self }
    let (height, width) = (refinement.rows, refinement.columns)
    func inner(_ range: Range<Int>, _ size: Int) -> Range<Int> {
      let first = (range.lowerBound + size - 1) / size
      return first..<max(first, range.upperBound / size)
    }
    let (down, across) = (inner(rows, height), inner(columns, width))
    let chosen = down.flatMap { j in
      across.map { i in
        (j * height..<(j + 1) * height).allSatisfy { row in
          (i * width..<(i + 1) * width).allSatisfy { contains(row, $0) }
        }
      }
    }
    return PartOfField(rows: down, columns: across, isIn: chosen, count: chosen.count { $0 })
  }
}
