import Grids

/// The slope of one field on another in the cells around each cell.
public struct Slope: Stage {
  public static let declaration = StageDeclaration(
    name: "slope",
    summary: "slope of one field on another within a window around each cell: local lapse rates",
    discussion: """
      Over the cells of a window of `window` x `window` cells around each cell in which both fields are valid, with means \
      and products over them: slope = (cov(on, input) + ridge prior) / (var(on) + ridge). `ridge`, a variance in the \
      units of `on` squared, holds the slope to `prior` where `on` hardly varies. With temperature on height, both \
      coarse, it is the local lapse rate (Sheridan et al. 2010, Meteorological Applications 17); interpolated, times \
      what the coarse grid does not see of the relief, it is what an interpolated temperature lacks. The window is cut \
      at the edges of the grid, and goes around a global one. A cell that misses one of the fields, or has no slope (no \
      variance and no ridge), has no value.
      """,
    keys: [
      Key("input", .stream, "what depends (temperature)"),
      Key("on", .stream, required: true, "what it depends on (height): one variable"),
      Key("window", .integer, default: "3", "cells along each side, odd"),
      Key("prior", .number, default: "0", "what the slope is held to"),
      Key("ridge", .number, default: "0", "how much, as a variance"),
    ])

  private let arguments: Arguments
  private let window: Int
  private let prior: Double
  private let ridge: Double

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    window = arguments.integer("window") ?? 3
    (prior, ridge) = (arguments.number("prior") ?? 0, arguments.number("ridge") ?? 0)
    guard window >= 3, window <= 101, window % 2 == 1 else {
      throw PlanError(
        "`window` is an odd number from 3 to 101, found \(window)", at: arguments.mark("window"))
    }
    guard ridge >= 0, ridge.isFinite, prior.isFinite else {
      throw PlanError(
        "`ridge` is 0 or more, found \(ridge.plain)", at: arguments.mark(ridge >= 0 ? "prior" : "ridge"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (input, on) = (try inputs.stream("input"), try inputs.stream("on"))
    let alignment = try Alignment(of: on, on: input.description, named: input.name)
    guard on.description.variables.count == 1 else {
      throw PlanError(
        "`\(on.name)` has \(on.description.variables.count) variables", at: on.mark, remedy: "select one")
    }
    let other = on.description.variables[0]
    var output = input.description
    for (index, variable) in output.variables.enumerated() {
      guard variable.flags == nil, other.flags == nil else {
        throw PlanError("classes have no slope", at: input.mark, subject: variable.name)
      }
      func title(_ v: VariableDescription) -> String { v.longName ?? v.standardName ?? v.name }
      let (rise, run) = (UnitText.difference(variable.units), UnitText.difference(other.units))
      output.variables[index] = VariableDescription(
        name: variable.name, longName: "slope of \(title(variable)) on \(title(other))",
        units: rise.flatMap { rise in run.map { $0 == "1" ? rise : "(\(rise)) (\($0))-1" } })
    }
    let grid = input.description.grid
    return graph.add(
      Sloped(
        output: output, alignment: alignment, half: window / 2, prior: prior, ridge: ridge,
        wraps: grid.topology.isPeriodic && grid.topology.columns == grid.nx && grid.nx >= window),
      inputs: [input.node, on.node])
  }
}

private struct Sloped: Computation {
  let output: Description
  let alignment: Alignment
  /// Cells on each side.
  let half: Int
  let prior: Double
  let ridge: Double
  let wraps: Bool
  var label: String { "slopes in \(2 * half + 1) x \(2 * half + 1) cells" }

  /// The rows around, whole.
  func around(_ region: Region) -> Region {
    var wide = region
    wide.rows =
      region.rows.isEmpty
      ? region.rows
      : max(0, region.rows.lowerBound - half)..<min(output.grid.ny, region.rows.upperBound + half)
    wide.columns = 0..<output.grid.nx
    return wide
  }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { variable in
      var part = around(region)
      part.variables = variable..<variable + 1
      return [Need(0, part), Need(1, alignment.region(part, variables: 0..<1))]
    }
  }

  func operations(for region: Region) -> Double { Double(region.count * (2 * half + 1) * (2 * half + 1) * 6) }
  func begin(_ region: Region) throws(StageError) -> any Work { SlopedWork(self, try Block.make(region)) }
}

private final class SlopedWork: Work {
  let node: Sloped
  let result: Block
  init(_ node: Sloped, _ result: Block) { (self.node, self.result) = (node, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == 2 else { throw StageError("`slope` was not given its two fields") }
    let (field, other, region) = (blocks[0], blocks[1], result.region)
    for t in 0..<region.times.count {
      for l in 0..<region.layers.count {
        let y = field.mapOffset(0, t, l)
        let x = other.mapOffset(0, node.alignment.repeatsTime ? 0 : t, node.alignment.repeatsLayers ? 0 : l)
        let to = result.mapOffset(step, t, l)
        for (r, row) in region.rows.enumerated() {
          for (c, column) in region.columns.enumerated() {
            let slope = slope(field, y, other, x, row, column)
            let i = to + r * region.columns.count + c
            result.values[i] = slope.map { Float($0) } ?? .nan
            result.validity[i] = result.values[i].isFinite ? 1 : 0
          }
        }
      }
    }
  }

  /// - Parameters: both fields with the places where their maps begin.
  private func slope(
    _ field: Block, _ y: Int, _ other: Block, _ x: Int, _ row: Int, _ column: Int
  ) -> Double? {
    let (rows, nx) = (field.region.rows, node.output.grid.nx)
    func place(_ j: Int, _ i: Int) -> Int { (j - rows.lowerBound) * nx + i }
    let own = place(row, column)
    guard field.validity[y + own] != 0, other.validity[x + own] != 0 else { return nil }
    // About the cell's own values: no digits are lost.
    let (y0, x0) = (Double(field.values[y + own]), Double(other.values[x + own]))
    var (count, sumX, sumY, sumXX, sumXY) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for j in max(rows.lowerBound, row - node.half)..<min(rows.upperBound, row + node.half + 1) {
      for step in -node.half...node.half {
        var i = column + step
        if node.wraps { i = (i + nx) % nx }
        guard i >= 0, i < nx else { continue }
        let k = place(j, i)
        guard field.validity[y + k] != 0, other.validity[x + k] != 0 else { continue }
        let (dy, dx) = (Double(field.values[y + k]) - y0, Double(other.values[x + k]) - x0)
        (count, sumX, sumY) = (count + 1, sumX + dx, sumY + dy)
        (sumXX, sumXY) = (sumXX + dx * dx, sumXY + dx * dy)
      }
    }
    let variance = sumXX / count - sumX * sumX / (count * count)
    let covariance = sumXY / count - sumX * sumY / (count * count)
    let divisor = variance + node.ridge
    return divisor > 0 ? (covariance + node.ridge * node.prior) / divisor : nil
  }

  func finish() throws(StageError) -> Block { result }
}
