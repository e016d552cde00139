import Grids

#if canImport(Glibc)
  import Glibc
#endif

/// Makes a fine field agree with the coarse one that it stands for.
public struct Conserve: Stage {
  enum Method: String, CaseIterable { case additive, multiplicative, softmax }
  enum Spread: String, CaseIterable { case block, bilinear }

  public static let declaration = StageDeclaration(
    name: "conserve", summary: "makes the mean of each coarse cell that of a coarse field",
    discussion: """
      What a coarse cell lacks is its value in `coarse` less the mean of the valid fine cells in it (additive: y = x + \
      lack), or the ratio of the two (multiplicative: y = x * ratio; keeps what is not negative so, and dry cells dry; a \
      block whose mean is not positive gets the coarse value in all cells). softmax: y = exp(x / scale) * ratio, the \
      ratio again that which makes the mean right: whatever the field is (the output of a network without bounds), what is \
      not negative in `coarse` gives nothing negative; `scale` says how far apart two cells must be for one to get e \
      times as much. `spread: block` gives all cells of a block the \
      same: afterwards the means are those of `coarse`, but for the rounding to float32. `spread: bilinear` interpolates \
      it between the centres of the coarse cells, in `passes` passes, each of which comes nearer: no edges of blocks \
      are seen, and the means are nearly right. Blocks without a coarse value stay as they are. Source: Harder et al. \
      2022, arXiv:2208.05424, section 3.2 (additive, multiplicative and softmax constraint layer).
      """,
    keys: [
      Key("input", .stream, "the fine field"),
      Key(
        "coarse", .stream, required: true,
        "the field on a grid of blocks of the fine cells, as `coarsen` makes it"),
      Key("method", .choice(Method.allCases.map(\.rawValue)), default: "additive", "how cells are changed"),
      Key(
        "spread", .choice(Spread.allCases.map(\.rawValue)), default: "block", "how a block's lack is spread"),
      Key("scale", .number, default: "1", "softmax: what the field is divided by"),
      Key("passes", .integer, default: "1; bilinear: 3", "how often"),
      Key(
        "weights", .choice(["cells", "area"]), default: "cells",
        "cells: plain means, as `coarsen: mean`; area: as `coarsen: conservative`"),
    ])

  private let arguments: Arguments
  private let method: Method
  private let spread: Spread
  private let passes: Int
  private let scale: Double

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    guard let method = Method(rawValue: arguments.text("method") ?? "additive"),
      let spread = Spread(rawValue: arguments.text("spread") ?? "block")
    else { throw PlanError("no such method or spread", at: arguments.mark) }
    (self.method, self.spread) = (method, spread)
    passes = arguments.integer("passes") ?? (spread == .block ? 1 : 3)
    guard (1...100).contains(passes) else {
      throw PlanError("`passes` is a count from 1 to 100, found \(passes)", at: arguments.mark("passes"))
    }
    scale = arguments.number("scale") ?? 1
    guard scale > 0, scale.isFinite else {
      throw PlanError("`scale` is a number above 0, found \(scale.plain)", at: arguments.mark("scale"))
    }
    if method == .softmax, spread == .bilinear {
      throw PlanError(
        "softmax shares out whole blocks", at: arguments.mark("spread"), remedy: "use `spread: block`")
    }
    if method != .softmax, let given = arguments.value("scale") {
      throw PlanError("`scale` is for `method: softmax`", at: given.mark, remedy: "leave it out")
    }
    guard spread == .bilinear || passes == 1 else {
      throw PlanError(
        "one pass makes the means of blocks right: `passes` is for `spread: bilinear`",
        at: arguments.mark("passes"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (input, coarse) = (try inputs.stream("input"), try inputs.stream("coarse"))
    let (fine, large) = (input.description.grid, coarse.description.grid)
    guard large.ny > 0, large.nx > 0, fine.ny % large.ny == 0, fine.nx % large.nx == 0 else {
      throw PlanError(
        "the \(fine.ny) x \(fine.nx) cells of `\(input.name)` are no whole blocks for the \(large.ny) x \(large.nx) cells of "
          + "`\(coarse.name)`", at: coarse.mark, subject: coarse.name,
        remedy: "give the field that `coarsen` made from this grid")
    }
    var reference = input.description
    let blocks: Coarsening
    do throws(GridError) {
      blocks = try Coarsening(fine, rows: fine.ny / large.ny, columns: fine.nx / large.nx, pads: false)
      if blocks.rows > 1 || blocks.columns > 1 { reference.grid = try fine.coarsened(blocks) }
      if arguments.text("weights") == "area", fine.kind == .bare {
        throw GridError("a grid without places has no cell areas", subject: fine.x.name, remedy: "use cells")
      }
    } catch {
      throw PlanError(
        "`\(input.name)` has no coarse cells: \(error.cause)", at: arguments.mark, subject: error.subject,
        remedy: error.remedy)
    }
    let alignment = try Alignment(of: coarse, on: reference, named: "the blocks of \(input.name)")
    let (first, second) = (input.description.variables, coarse.description.variables)
    guard second.count == first.count else {
      throw PlanError(
        "`\(input.name)` has \(first.count) variables and `\(coarse.name)` \(second.count)", at: coarse.mark,
        remedy: "select the same variables in both")
    }
    var factors: [(Double, Double)] = []
    for (a, b) in zip(first, second) {
      guard a.flags == nil, b.flags == nil else {
        throw PlanError(
          "`\(a.name)` has classes: their mean means nothing", at: arguments.mark, subject: a.name)
      }
      guard let from = b.units, let to = a.units, from != to else {
        factors.append((1, 0))
        continue
      }
      do {
        let conversion = try UnitConversion(from: from, to: to)
        factors.append((conversion.factor, a.isTemperatureDifference ? 0 : conversion.offset))
      } catch {
        throw PlanError(
          "`\(b.name)` is in \(from) and `\(a.name)` in \(to): \(error.cause)", at: coarse.mark,
          subject: b.name,
          remedy: "convert one of them")
      }
    }
    return graph.add(
      Conserved(
        output: input.description, blocks: blocks, method: method, spread: spread, passes: passes,
        scale: scale, alignment: alignment, factors: factors.map(\.0), offsets: factors.map(\.1),
        isPeriodic: fine.topology.isPeriodic && fine.topology.columns == fine.nx,
        areas: arguments.text("weights") == "area" ? LazyAreas(fine) : nil),
      inputs: [input.node, coarse.node])
  }
}

struct Conserved: Computation {
  let output: Description
  let blocks: Coarsening
  let method: Conserve.Method
  let spread: Conserve.Spread
  let passes: Int
  let scale: Double
  let alignment: Alignment
  /// From the units of the coarse variables to those of the fine ones.
  let factors: [Double]
  let offsets: [Double]
  let isPeriodic: Bool
  let areas: LazyAreas?
  var label: String { "conserve \(method.rawValue) in blocks of \(blocks.rows)x\(blocks.columns)" }

  /// The blocks that the region depends on. What bilinear spreading lacks is taken from whole rows of blocks, as a
  /// globe's first and last are neighbours.
  private func cells(_ region: Region) -> (rows: Range<Int>, columns: Range<Int>) {
    let margin = spread == .block ? 0 : passes
    func span(_ range: Range<Int>, _ size: Int, _ count: Int, _ margin: Int) -> Range<Int> {
      guard !range.isEmpty else { return 0..<0 }
      return max(0, range.lowerBound / size - margin)..<min(count, (range.upperBound - 1) / size + 1 + margin)
    }
    return (
      span(region.rows, blocks.rows, blocks.ny, margin),
      spread == .block ? span(region.columns, blocks.columns, blocks.nx, 0) : 0..<blocks.nx
    )
  }

  private func part(_ region: Region, _ variable: Int) -> (fine: Region, coarse: Region) {
    let (rows, columns) = cells(region)
    var (fine, coarse) = (region, alignment.region(region, variables: variable..<variable + 1))
    fine.variables = variable..<variable + 1
    fine.rows = rows.lowerBound * blocks.rows..<rows.upperBound * blocks.rows
    fine.columns = columns.lowerBound * blocks.columns..<columns.upperBound * blocks.columns
    (coarse.rows, coarse.columns) = (rows, columns)
    return (fine, coarse)
  }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { index in
      let part = part(region, index)
      return [Need(0, part.fine), Need(1, part.coarse)]
    }
  }

  func scratchBytes(for region: Region) -> Int {
    let (rows, columns) = cells(region)
    let count = rows.count * columns.count
    return count * blocks.rows * blocks.columns * 8 + count * 8
      + (areas == nil ? 0 : output.grid.count * 8)
  }

  func begin(_ region: Region) throws(StageError) -> any Work { ConservedWork(self, try Block.make(region)) }
}

private final class ConservedWork: Work {
  let node: Conserved
  let result: Block
  init(_ node: Conserved, _ result: Block) { (self.node, self.result) = (node, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == 2 else { throw StageError("`conserve` was not given its two inputs") }
    let (fine, coarse, region) = (blocks[0], blocks[1], result.region)
    let variable = region.variables.lowerBound + step
    var weights: [Double] = []
    if let areas = node.areas {
      do { weights = try areas.values() } catch {
        throw StageError(error.cause, subject: error.subject, remedy: error.remedy)
      }
    }
    for t in 0..<region.times.count {
      for l in 0..<region.layers.count {
        let from = fine.mapOffset(0, t, l)
        let other = coarse.mapOffset(
          0, node.alignment.repeatsTime ? 0 : t, node.alignment.repeatsLayers ? 0 : l)
        var map = ConservedMap(node, fine, from, weights)
        let wanted = (0..<coarse.region.mapCount).map { k in
          coarse.validity[other + k] == 0
            ? Double.nan : Double(coarse.values[other + k]) * node.factors[variable] + node.offsets[variable]
        }
        for _ in 0..<node.passes { map.pass(wanted) }
        let to = result.mapOffset(step, t, l)
        try map.write(to: result, to, name: node.output.variables[variable].name)
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}

/// One map while it is changed. Missing values are NaN.
private struct ConservedMap {
  let node: Conserved
  let rows: Range<Int>
  let columns: Range<Int>
  let weights: [Double]
  var values: [Double]
  /// Blocks along each side.
  let down: Int
  let across: Int

  init(_ node: Conserved, _ block: Block, _ from: Int, _ weights: [Double]) {
    self.node = node
    (rows, columns) = (block.region.rows, block.region.columns)
    self.weights = weights
    values = (0..<block.region.mapCount).map {
      block.validity[from + $0] == 0 ? .nan : Double(block.values[from + $0])
    }
    (down, across) = (rows.count / node.blocks.rows, columns.count / node.blocks.columns)
  }

  /// What each block lacks; NaN where that is not known.
  private func lack(_ wanted: [Double]) -> [Double] {
    let (height, width) = (node.blocks.rows, node.blocks.columns)
    var result = [Double](repeating: .nan, count: down * across)
    for k in result.indices where !wanted[k].isNaN {
      let (top, left) = (k / across * height, k % across * width)
      var (sum, weight) = (0.0, 0.0)
      for j in top..<top + height {
        for i in left..<left + width {
          let value = values[j * columns.count + i]
          guard !value.isNaN else { continue }
          let w =
            weights.isEmpty
            ? 1 : weights[(rows.lowerBound + j) * node.output.grid.nx + columns.lowerBound + i]
          sum += w * value
          weight += w
        }
      }
      guard weight > 0 else { continue }
      let mean = sum / weight
      switch node.method {
      case .additive: result[k] = wanted[k] - mean
      case .multiplicative, .softmax: result[k] = mean > 0 ? wanted[k] / mean : .infinity
      }
    }
    return result
  }

  /// Every value of a block that has a coarse value becomes its exponential; the largest of the block is taken away
  /// first, since that cancels.
  private mutating func exponentiate(_ wanted: [Double]) {
    let (height, width) = (node.blocks.rows, node.blocks.columns)
    for k in wanted.indices where !wanted[k].isNaN {
      let (top, left) = (k / across * height, k % across * width)
      let places = (top..<top + height).flatMap { j in
        (left..<left + width).map { j * columns.count + $0 }
      }.filter { !values[$0].isNaN }
      let largest = places.map { values[$0] }.max() ?? 0
      for place in places { values[place] = exp((values[place] - largest) / node.scale) }
    }
  }

  mutating func pass(_ wanted: [Double]) {
    if node.method == .softmax { exponentiate(wanted) }
    let lack = lack(wanted)
    let (height, width) = (node.blocks.rows, node.blocks.columns)
    for j in 0..<rows.count {
      for i in 0..<columns.count {
        let at = j * columns.count + i
        guard !values[at].isNaN else { continue }
        let own = j / height * across + i / width
        if lack[own] == .infinity {
          values[at] = wanted[own]
          continue
        }
        let change = node.spread == .block ? lack[own] : between(lack, j, i)
        guard !change.isNaN else { continue }
        if node.method == .additive { values[at] += change } else { values[at] *= change }
      }
    }
  }

  /// Interpolated between the centres of the blocks around a cell, as far as they are known.
  private func between(_ lack: [Double], _ row: Int, _ column: Int) -> Double {
    let y = (Double(row) + 0.5) / Double(node.blocks.rows) - 0.5
    let x = (Double(column) + 0.5) / Double(node.blocks.columns) - 0.5
    let (top, left) = (y.rounded(.down), x.rounded(.down))
    let (b, a) = (y - top, x - left)
    func rowOf(_ k: Double) -> Int { min(max(Int(k), 0), down - 1) }
    func columnOf(_ k: Double) -> Int {
      node.isPeriodic ? (Int(k) + across) % across : min(max(Int(k), 0), across - 1)
    }
    var (sum, weight) = (0.0, 0.0)
    for (j, wj) in [(rowOf(top), 1 - b), (rowOf(top + 1), b)] {
      for (i, wi) in [(columnOf(left), 1 - a), (columnOf(left + 1), a)] {
        let value = lack[j * across + i]
        guard value.isFinite else { continue }
        sum += wj * wi * value
        weight += wj * wi
      }
    }
    return weight > 0 ? sum / weight : .nan
  }

  func write(to block: Block, _ to: Int, name: String) throws(StageError) {
    let region = block.region
    for j in 0..<region.rows.count {
      let from = (region.rows.lowerBound - rows.lowerBound + j) * columns.count
      for i in 0..<region.columns.count {
        let value = Float(values[from + region.columns.lowerBound - columns.lowerBound + i])
        let at = to + j * region.columns.count + i
        guard !value.isInfinite else {
          throw StageError(
            "a value does not fit into float32 once its block is what the coarse field says", subject: name,
            remedy: "use `method: additive`")
        }
        block.values[at] = value
        block.validity[at] = value.isNaN ? 0 : 1
      }
    }
  }
}
