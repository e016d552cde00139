import Grids

/// What a `local-regress` stage fits.
struct LocalRegression: Sendable {
  let input: Description
  let target: Description
  let refinement: Refinement
  let window: Int
  let ridge: Double
  let times: [Int]

  /// Fields that are predictors, and values of them around a cell.
  var fields: Int { input.variables.count * input.layerCount }
  var predictors: Int { fields * window * window }

  /// The target at the times of the input.
  var output: Description {
    var output = target
    output.time = input.time
    return output
  }

  /// The input under some cells of the target, with the window around.
  func around(_ region: Region, times: Range<Int>) -> Region {
    let half = window / 2
    func widened(_ range: Range<Int>, _ factor: Int, _ count: Int) -> Range<Int> {
      let (first, last) = (range.lowerBound / factor, (range.upperBound - 1) / factor)
      return max(0, first - half)..<min(count, last + half + 1)
    }
    return Region(
      variables: 0..<input.variables.count, times: times, layers: 0..<input.layerCount,
      rows: widened(region.rows, refinement.rows, input.grid.ny),
      columns: widened(region.columns, refinement.columns, input.grid.nx))
  }

  /// Places of the predictors of a cell in a block of one or more steps, nil beyond the edge.
  func places(_ row: Int, _ column: Int, in region: Region) -> [Int?] {
    let half = window / 2
    let (y, x) = (row / refinement.rows, column / refinement.columns)
    var places: [Int?] = []
    for field in 0..<fields {
      let (variable, layer) = (field / input.layerCount, field % input.layerCount)
      let start = (variable * region.times.count * region.layers.count + layer) * region.mapCount
      for j in y - half...y + half {
        for i in x - half...x + half {
          let isIn = region.rows.contains(j) && region.columns.contains(i)
          places.append(
            isIn
              ? start + (j - region.rows.lowerBound) * region.columns.count + i - region.columns.lowerBound
              : nil)
        }
      }
    }
    return places
  }
}

/// Coefficients of each cell as layers: the constant, then one for each predictor; missing where it is left out. The
/// model is constant + sum b (x - mean): the means are further layers.
struct LocallyFitted: Computation {
  let regression: LocalRegression
  let output: Description
  let isKept = true
  var label: String {
    "fit \(regression.predictors) predictors in each cell over \(regression.times.count) steps"
  }

  init(regression: LocalRegression) {
    self.regression = regression
    var output = regression.target
    output.time = nil
    output.layers = [.index("coefficient", 1 + 2 * regression.predictors)]
    self.output = output
  }

  /// Rows of the target that are fitted at a time: all their steps are held.
  private func bands(_ region: Region) -> [Region] {
    let r = regression
    let perRow = region.columns.count * 5 * r.times.count * 4
    let limit = max(1, (16 << 20) / max(1, perRow))
    return region.variables.flatMap { variable in
      stride(from: region.rows.lowerBound, to: region.rows.upperBound, by: limit).map { start in
        Region(
          variables: variable..<variable + 1, times: 0..<1, layers: 0..<1,
          rows: start..<min(start + limit, region.rows.upperBound), columns: region.columns)
      }
    }
  }

  func slabs(_ region: Region) -> [Region] { bands(region) }

  func steps(for region: Region) -> [[Need]] {
    let r = regression
    guard let first = r.times.min(), let last = r.times.max() else { return [] }
    return bands(region).map { band in
      var target = band
      target.times = first..<last + 1
      return [Need(0, r.around(band, times: first..<last + 1)), Need(1, target)]
    }
  }

  func scratchBytes(for region: Region) -> Int {
    regression.predictors * (regression.predictors + regression.times.count + 8) * 8
  }
  func operations(for region: Region) -> Double {
    let k = Double(regression.predictors)
    return Double(region.variables.count * region.mapCount) * k * k * (Double(regression.times.count) + k / 3)
  }
  func begin(_ region: Region) throws(StageError) -> any Work {
    LocallyFittedWork(self, try Block.make(region))
  }
}

private final class LocallyFittedWork: Work {
  let regression: LocalRegression
  let slabs: [Region]
  let result: Block
  init(_ fitted: LocallyFitted, _ result: Block) {
    (regression, self.result) = (fitted.regression, result)
    slabs = fitted.slabs(result.region)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == 2, let first = regression.times.min() else {
      throw StageError("`local-regress` was not given all its fields")
    }
    let (slab, region) = (slabs[step], result.region)
    let (input, target) = (blocks[0], blocks[1])
    // From one step to the next of a variable and layer.
    let stride = input.region.layers.count * input.region.mapCount
    let cells = target.region.layers.count * target.region.mapCount
    for (r, row) in slab.rows.enumerated() {
      for (c, column) in slab.columns.enumerated() {
        let cell = r * slab.columns.count + c
        let steps = regression.times.map { $0 - first }.filter { target.validity[$0 * cells + cell] != 0 }
        let places = regression.places(row, column, in: input.region)
        let used = places.indices.filter { k in
          guard let place = places[k] else { return false }
          return steps.allSatisfy { input.validity[place + $0 * stride] != 0 }
        }
        let y = steps.map { Double(target.values[$0 * cells + cell]) }
        let x = used.map { k in steps.map { Double(input.values[(places[k] ?? 0) + $0 * stride]) } }
        let fit = RidgeFit(x, y, ridge: regression.ridge)
        var numbers = [Double](repeating: .nan, count: 1 + 2 * regression.predictors)
        if let fit {
          numbers[0] = fit.constant
          for (index, k) in used.enumerated() where fit.coefficients[index] != 0 {
            numbers[1 + 2 * k] = fit.coefficients[index]
            numbers[2 + 2 * k] = fit.means[index]
          }
        }
        for (l, layer) in region.layers.enumerated() {
          let place =
            result.mapOffset(slab.variables.lowerBound - region.variables.lowerBound, 0, l)
            + (row - region.rows.lowerBound) * region.columns.count + column - region.columns.lowerBound
          let value = Float(numbers[layer])
          result.values[place] = value.isFinite ? value : .nan
          result.validity[place] = value.isFinite ? 1 : 0
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}

/// y = constant + sum b (x - mean), b by least squares with a penalty on standardised predictors.
struct RidgeFit {
  var constant: Double
  var means: [Double]
  /// 0 for a predictor that says nothing new.
  var coefficients: [Double]

  /// Nil without two values.
  init?(_ x: [[Double]], _ y: [Double], ridge: Double) {
    guard y.count > 1 else { return nil }
    let n = Double(y.count)
    let middle = y.reduce(0, +) / n
    constant = middle
    means = x.map { $0.reduce(0, +) / n }
    coefficients = .init(repeating: 0, count: x.count)
    var deviations: [Double] = []
    var z: [[Double]] = []
    for (k, values) in x.enumerated() {
      let mean = means[k]
      let centred = values.map { $0 - mean }
      let deviation = (centred.reduce(0) { $0 + $1 * $1 } / n).squareRoot()
      deviations.append(deviation)
      let isConstant = !(deviation > 1e-7 * max(abs(mean), deviation)) || deviation == 0
      z.append(isConstant ? values.map { _ in 0 } : centred.map { $0 / deviation })
    }
    let d = y.map { $0 - middle }
    let size = x.count
    // Cholesky of the correlations and the penalty; a pivot of nothing leaves its predictor out.
    var a = [Double](repeating: 0, count: size * size)
    var b = [Double](repeating: 0, count: size)
    for i in 0..<size {
      for j in 0...i {
        var sum = 0.0
        for t in d.indices { sum += z[i][t] * z[j][t] }
        a[i * size + j] = sum / n
      }
      var sum = 0.0
      for t in d.indices { sum += z[i][t] * d[t] }
      b[i] = sum / n
    }
    var isOut = [Bool](repeating: false, count: size)
    for j in 0..<size {
      var pivot = a[j * size + j] + ridge
      let isNothing = a[j * size + j] == 0
      for k in 0..<j { pivot -= a[j * size + k] * a[j * size + k] }
      guard pivot > 1e-10, !isNothing else {
        isOut[j] = true
        for i in j..<size { a[i * size + j] = 0 }
        a[j * size + j] = 1
        for k in 0..<j { a[j * size + k] = 0 }
        b[j] = 0
        continue
      }
      a[j * size + j] = pivot.squareRoot()
      for i in j + 1..<max(size, j + 1) {
        for k in 0..<j { a[i * size + j] -= a[i * size + k] * a[j * size + k] }
        a[i * size + j] /= a[j * size + j]
      }
    }
    for i in 0..<size {
      for k in 0..<i { b[i] -= a[i * size + k] * b[k] }
      b[i] /= a[i * size + i]
    }
    for i in stride(from: size - 1, through: 0, by: -1) {
      for k in i + 1..<max(size, i + 1) { b[i] -= a[k * size + i] * b[k] }
      b[i] /= a[i * size + i]
    }
    for k in 0..<size where !isOut[k] && deviations[k] > 0 { coefficients[k] = b[k] / deviations[k] }
  }
}
