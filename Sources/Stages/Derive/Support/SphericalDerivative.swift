import Grids

/// Vorticity and divergence of a wind from differences along the two axes of a spherical grid.
struct SphericalDerivative: Computation {
  enum Kind: String, Sendable { case vorticity, divergence }

  static let method = """
    centred differences of second order over the neighbours, around the globe in longitude where the grid closes, \
    one-sided at the grid's edges; missing where a neighbour is missing and at the poles. On rotated-pole grids the \
    components along the grid's axes and the rotated coordinates are used, which gives the same numbers; other \
    grids are refused.
    """
  /// Metres; the radius that most models take.
  static let radius = 6_371_229.0

  let kind: Kind
  let output: Description
  let u: (variable: Int, alignment: Alignment, conversion: Linear)
  let v: (variable: Int, alignment: Alignment, conversion: Linear)
  /// Input of u and v: the same when one stream holds both.
  let vInput: Int
  /// Cosine of the latitude of each row, and three weights per row and column: before, here, after.
  let cosines: [Double]
  let rowWeights: [SIMD3<Double>]
  let columnWeights: [SIMD3<Double>]
  /// The neighbours of each column.
  let west: [Int]
  let east: [Int]

  var label: String { kind.rawValue }

  func operations(for region: Region) -> Double { Double(region.count) * 12 }

  /// Rows with their neighbours, and columns with theirs: all of them when a neighbour is across the seam.
  private func halo(_ region: Region) -> Region {
    var halo = region
    halo.rows = max(region.rows.lowerBound - 1, 0)..<min(region.rows.upperBound + 1, output.grid.ny)
    var (low, high) = (region.columns.lowerBound, region.columns.upperBound - 1)
    for column in [region.columns.lowerBound, region.columns.upperBound - 1] {
      low = min(low, west[column], east[column])
      high = max(high, west[column], east[column])
    }
    halo.columns = low..<high + 1
    return halo
  }

  func steps(for region: Region) -> [[Need]] {
    let halo = halo(region)
    return [
      [
        Need(0, u.alignment.region(halo, variables: u.variable..<u.variable + 1)),
        Need(vInput, v.alignment.region(halo, variables: v.variable..<v.variable + 1)),
      ]
    ]
  }

  func begin(_ region: Region) throws(StageError) -> any Work {
    DerivativeWork(self, halo(region), try Block.make(region))
  }

  private final class DerivativeWork: Work {
    let derivative: SphericalDerivative
    let halo: Region
    let result: Block
    init(_ derivative: SphericalDerivative, _ halo: Region, _ result: Block) {
      (self.derivative, self.halo, self.result) = (derivative, halo, result)
    }

    func take(_ blocks: [Block], step: Int) throws(StageError) {
      guard blocks.count == 2 else { throw StageError("\(derivative.label) was not given u and v") }
      let region = result.region
      for t in 0..<region.times.count {
        for l in 0..<region.layers.count {
          let output = result.mapOffset(0, t, l)
          let (a, b) = (derivative.u.alignment, derivative.v.alignment)
          let u = blocks[0].mapOffset(0, a.repeatsTime ? 0 : t, a.repeatsLayers ? 0 : l)
          let v = blocks[1].mapOffset(0, b.repeatsTime ? 0 : t, b.repeatsLayers ? 0 : l)
          for j in region.rows { row(j, blocks[0], u, blocks[1], v, output) }
        }
      }
    }

    private func row(_ j: Int, _ uBlock: Block, _ u: Int, _ vBlock: Block, _ v: Int, _ output: Int) {
      let region = result.region
      let (width, left) = (halo.columns.count, halo.columns.lowerBound)
      let here = (j - halo.rows.lowerBound) * width
      let wj = derivative.rowWeights[j]
      let cosine = derivative.cosines[j]
      let scale = 1 / (SphericalDerivative.radius * cosine)
      let isVorticity = derivative.kind == .vorticity
      // The component along the axis that is differentiated: vorticity d(v)/dx - d(u cos)/dy, divergence
      // d(u)/dx + d(v cos)/dy.
      let (xBlock, x) = isVorticity ? (vBlock, v) : (uBlock, u)
      let (yBlock, y) = isVorticity ? (uBlock, u) : (vBlock, v)
      let xc = isVorticity ? derivative.v.conversion : derivative.u.conversion
      let yc = isVorticity ? derivative.u.conversion : derivative.v.conversion
      let (xValues, xValid) = (xBlock.values, xBlock.validity)
      let (yValues, yValid) = (yBlock.values, yBlock.validity)
      let (values, validity) = (result.values, result.validity)
      let target = output + (j - region.rows.lowerBound) * region.columns.count
      for i in region.columns {
        let k = target + i - region.columns.lowerBound
        let wi = derivative.columnWeights[i]
        var isValid = cosine > 1e-9
        func along(_ index: Int, _ weight: Double) -> Double {
          if weight == 0 { return 0 }
          if xValid[index] == 0 { isValid = false }
          return (Double(xValues[index]) * xc.factor + xc.offset) * weight
        }
        func across(_ index: Int, _ weight: Double) -> Double {
          if weight == 0 { return 0 }
          if yValid[index] == 0 { isValid = false }
          return (Double(yValues[index]) * yc.factor + yc.offset) * weight
        }
        let dx =
          along(x + here + derivative.west[i] - left, wi.x) + along(x + here + i - left, wi.y)
          + along(x + here + derivative.east[i] - left, wi.z)
        var dy = across(y + here + i - left, wj.y * cosine)
        if wj.x != 0 { dy += across(y + here - width + i - left, wj.x * derivative.cosines[j - 1]) }
        if wj.z != 0 { dy += across(y + here + width + i - left, wj.z * derivative.cosines[j + 1]) }
        let value = Float((isVorticity ? dx - dy : dx + dy) * scale)
        isValid = isValid && value.isFinite
        values[k] = isValid ? value : .nan
        validity[k] = isValid ? 1 : 0
      }
    }

    func finish() throws(StageError) -> Block { result }
  }
}

extension SphericalDerivative {
  static func plan(
    _ request: QuantityRequest, _ kind: Kind, _ variable: VariableDescription,
    in graph: inout ComputationGraph
  ) throws(PlanError) -> NodeID {
    let (u, v) = (try request.find(.anyU), try request.find(.anyV))
    let axes = try request.axes([u, v])
    let grid = axes.description.grid
    let isRotated = grid.kind == .rotatedPole
    guard grid.isRectilinear || isRotated, grid.ny > 1, grid.nx > 1 else {
      throw PlanError(
        "`\(kind.rawValue)` needs a latitude-longitude or rotated-pole grid of two rows and columns at least, this is a "
          + "\(grid.kind.rawValue) grid of \(grid.ny) x \(grid.nx)", at: request.mark,
        remedy: "regrid the eastward and northward wind first")
    }
    for wind in [u, v] {
      guard let name = wind.description.standardName else { continue }
      let isTrue = name == "eastward_wind" || name == "northward_wind"
      if isRotated && isTrue {
        throw PlanError(
          "`\(wind.description.name)` (\(name)) is not along the axes of the rotated grid", at: wind.mark,
          subject: wind.description.name, remedy: "regrid to latitude and longitude first")
      }
    }
    let toRadians = Double.pi / 180
    let latitudes = grid.y.values.map { $0 * toRadians }
    // Rotated grids cover a part of the globe.
    let isPeriodic = grid.isRectilinear && grid.topology.isPeriodic
    let columns = isPeriodic ? grid.topology.columns : grid.nx
    var (west, east) = ([Int](), [Int]())
    var columnWeights: [SIMD3<Double>] = []
    for i in 0..<grid.nx {
      west.append(i > 0 ? i - 1 : isPeriodic ? columns - 1 : i)
      east.append(i + 1 < grid.nx ? i + 1 : isPeriodic ? (i + 1) % columns : i)
      func step(_ from: Int, _ to: Int) -> Double {
        let d = (grid.x.values[to] - grid.x.values[from]).truncatingRemainder(dividingBy: 360)
        return (d > 180 ? d - 360 : d < -180 ? d + 360 : d) * toRadians
      }
      columnWeights.append(weights(step(west[i], i), step(i, east[i])))
    }
    let rowWeights = (0..<grid.ny).map { j in
      weights(
        j > 0 ? latitudes[j] - latitudes[j - 1] : 0, j + 1 < grid.ny ? latitudes[j + 1] - latitudes[j] : 0)
    }
    guard (columnWeights + rowWeights).allSatisfy({ $0.x.isFinite && $0.y.isFinite && $0.z.isFinite }) else {
      throw PlanError("the grid has two rows or columns in the same place", at: request.mark)
    }
    var output = axes.description
    output.variables = [variable]
    if u.description.cellMethods == v.description.cellMethods {
      output.variables[0].cellMethods = u.description.cellMethods
    }
    let isOne = u.stream.node == v.stream.node
    return graph.add(
      SphericalDerivative(
        kind: kind, output: output,
        u: (
          u.variable, try Alignment(of: u.stream, on: axes.description, named: axes.name), u.conversion
        ),
        v: (
          v.variable, try Alignment(of: v.stream, on: axes.description, named: axes.name), v.conversion
        ), vInput: isOne ? 0 : 1, cosines: latitudes.map(System.cos), rowWeights: rowWeights,
        columnWeights: columnWeights, west: west, east: east),
      inputs: isOne ? [u.stream.node] : [u.stream.node, v.stream.node])
  }

  /// Weights of the first derivative at the middle of three points, steps `before` and `after` apart; a step of
  /// 0 means that there is no neighbour.
  static func weights(_ before: Double, _ after: Double) -> SIMD3<Double> {
    if before == 0 { return SIMD3(0, -1 / after, 1 / after) }
    if after == 0 { return SIMD3(-1 / before, 1 / before, 0) }
    return SIMD3(
      -after / (before * (before + after)), (after - before) / (before * after),
      before / (after * (before + after)))
  }
}
