import Grids
import Kernels

/// Makes one cell of each block of cells.
public struct Coarsen: Stage {
  enum Method: String, CaseIterable { case mean, sum, min, max, conservative }

  public static let declaration = StageDeclaration(
    name: "coarsen", summary: "makes one cell of each block of cells",
    discussion: """
      mean, sum, min and max of the valid cells of the block; conservative: their mean weighted by cell area, so that \
      area times value keeps its sum. A block at the far edge that is not full is an error (exact), left out (trim) \
      or made of what is there (pad). Bounds and corners of the result are those of the blocks.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "factor",
        .either([
          .integer,
          .mapping([
            Key("rows", .integer, default: "1", "cells along y"),
            Key("columns", .integer, default: "1", "cells along x"),
          ]),
        ]), required: true, "cells of a block along each side"),
      Key("method", .choice(Method.allCases.map(\.rawValue)), default: "mean", "what is made of a block"),
      Key("boundary", .choice(["exact", "trim", "pad"]), default: "exact", "blocks that are not full"),
      Key(
        "min-valid", .number, default: "any; sum: 1",
        "the least share of valid cells (conservative: of area) that a block needs, 0 to 1"),
    ])

  private let arguments: Arguments
  private let method: Method
  private let factor: (rows: Int, columns: Int)
  private let boundary: String
  private let minimalValid: Double

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    let name = arguments.text("method") ?? "mean"
    guard let method = Method(rawValue: name) else {
      throw PlanError("`\(name)` is no method", at: arguments.mark("method"))
    }
    self.method = method
    boundary = arguments.text("boundary") ?? "exact"
    guard let value = arguments.value("factor") else {
      throw PlanError("`factor` is missing", at: arguments.mark)
    }
    let one = value.integer
    factor = (one ?? value["rows"]?.integer ?? 1, one ?? value["columns"]?.integer ?? 1)
    guard factor.rows >= 1, factor.columns >= 1, factor.rows > 1 || factor.columns > 1 else {
      throw PlanError(
        "a block of \(factor.rows) x \(factor.columns) cells makes nothing coarser", at: value.mark,
        remedy: "give a factor above 1")
    }
    let minimal = arguments.number("min-valid")
    if let minimal, minimal < 0 || minimal > 1 {
      throw PlanError("`min-valid` is a share from 0 to 1, found \(minimal)", at: arguments.mark("min-valid"))
    }
    // A sum over a part of the cells is no sum.
    minimalValid = minimal ?? (method == .sum ? 1 : 0)
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let grid = input.description.grid
    if boundary == "exact" {
      guard grid.ny % factor.rows == 0, grid.nx % factor.columns == 0 else {
        throw PlanError(
          "\(grid.ny) x \(grid.nx) cells are no whole number of blocks of \(factor.rows) x \(factor.columns)",
          at: arguments.mark("factor"), remedy: "use `boundary: trim` or `boundary: pad`")
      }
    }
    if method == .mean || method == .sum || method == .conservative,
      let classes = input.description.variables.first(where: { $0.flags != nil })
    {
      throw PlanError(
        "`\(classes.name)` has classes: their \(method.rawValue) means nothing", at: arguments.mark("method"),
        subject: classes.name, remedy: "use min or max")
    }
    var output = input.description
    let blocks: Coarsening
    do throws(GridError) {
      blocks = try Coarsening(grid, rows: factor.rows, columns: factor.columns, pads: boundary == "pad")
      if method == .conservative, grid.kind == .bare {
        throw GridError("a grid without places has no cell areas", subject: grid.x.name, remedy: "use mean")
      }
      output.grid = try grid.coarsened(blocks)
    } catch {
      throw PlanError(
        "`\(input.name)` cannot be made coarser: \(error.cause)", at: arguments.mark, subject: error.subject,
        remedy: error.remedy)
    }
    let words = [Method.mean: "mean", .conservative: "mean", .sum: "sum", .min: "minimum", .max: "maximum"]
    for k in output.variables.indices {
      // CF 7.3: what was done over the area is told after what was done before.
      let done = "area: \(words[method] ?? "mean")"
      let before = output.variables[k].cellMethods
      output.variables[k].cellMethods = before.map { $0.contains(done) ? $0 : "\($0) \(done)" } ?? done
    }
    return graph.add(
      Blocks(
        output: output, blocks: blocks, method: method, minimalValid: minimalValid,
        areas: method == .conservative ? LazyAreas(grid) : nil, sourceColumns: grid.nx), inputs: [input.node])
  }
}

struct Blocks: DirectComputation {
  let output: Description
  let blocks: Coarsening
  let method: Coarsen.Method
  let minimalValid: Double
  let areas: LazyAreas?
  let sourceColumns: Int
  var label: String { "coarsen \(method.rawValue) by \(blocks.rows)x\(blocks.columns)" }

  private func source(_ region: Region) -> Region {
    var region = region
    region.rows =
      region.rows.lowerBound * blocks.rows..<min(blocks.usedRows, region.rows.upperBound * blocks.rows)
    region.columns =
      region.columns.lowerBound
      * blocks.columns..<min(blocks.usedColumns, region.columns.upperBound * blocks.columns)
    return region
  }

  func needs(for region: Region) -> [Need] { [Need(0, source(region))] }

  func operations(for region: Region) -> Double { Double(source(region).count) }

  func scratchBytes(for region: Region) -> Int {
    // The areas are there once; counted with each region.
    areas == nil ? 0 : blocks.usedRows * sourceColumns * 8
  }

  func compute(_ region: Region, _ inputs: [Block]) throws(StageError) -> Block {
    guard let input = inputs.first else { throw StageError("the stage was given no input") }
    let from = source(region)
    guard input.region.extents == from.extents else { throw StageError("the stage was given another region") }
    let result: Block
    do { result = try Block(uninitialized: region) } catch { throw StageError(error.description) }
    var weights: [Double] = []
    if let areas {
      do { weights = try areas.values() } catch {
        throw StageError(error.cause, subject: error.subject, remedy: error.remedy)
      }
    }
    let methods: [Coarsen.Method: Int] = [
      .mean: ISOTACH_COARSEN_MEAN, .conservative: ISOTACH_COARSEN_MEAN, .sum: ISOTACH_COARSEN_SUM,
      .min: ISOTACH_COARSEN_LEAST, .max: ISOTACH_COARSEN_GREATEST,
    ]
    let code = Int32(methods[method] ?? ISOTACH_COARSEN_MEAN)
    guard let values = unsafe input.values.baseAddress, let valid = unsafe input.validity.baseAddress,
      let out = unsafe result.values.baseAddress, let outValid = unsafe result.validity.baseAddress
    else { return result }
    unsafe weights.withUnsafeBufferPointer { weights in
      for map in 0..<region.maps {
        for j in region.rows {
          let rows = blocks.rowRange(j)
          let start = map * from.mapCount + (rows.lowerBound - from.rows.lowerBound) * from.columns.count
          let at = map * region.mapCount + (j - region.rows.lowerBound) * region.columns.count
          let area = rows.lowerBound * sourceColumns + from.columns.lowerBound
          unsafe isotach_coarsen_row(
            values + start, valid + start, areas == nil ? nil : weights.baseAddress.map { unsafe $0 + area },
            Int64(rows.count), Int64(from.columns.count), Int64(from.columns.count), Int64(sourceColumns),
            Int64(blocks.columns), Int64(region.columns.count), code, minimalValid, out + at, outValid + at)
        }
      }
    }
    return result
  }
}
