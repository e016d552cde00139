import Grids

/// The regression of each cell, applied.
struct LocallyApplied: Computation {
  let regression: LocalRegression
  let output: Description
  let label = "apply the regression of each cell"
  let isKept = true

  private var coefficients: Range<Int> { 0..<1 + 2 * regression.predictors }

  func steps(for region: Region) -> [[Need]] {
    region.variables.flatMap { variable in
      var fit = region
      (fit.variables, fit.times, fit.layers) = (variable..<variable + 1, 0..<1, coefficients)
      return region.times.map { time in
        [Need(0, regression.around(region, times: time..<time + 1)), Need(1, fit)]
      }
    }
  }

  func operations(for region: Region) -> Double { Double(region.count * regression.predictors * 2) }
  func begin(_ region: Region) throws(StageError) -> any Work {
    LocallyAppliedWork(regression, try Block.make(region))
  }
}

private final class LocallyAppliedWork: Work {
  let regression: LocalRegression
  let result: Block
  init(_ regression: LocalRegression, _ result: Block) {
    (self.regression, self.result) = (regression, result)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == 2 else { throw StageError("`local-regress` was not given all its fields") }
    let region = result.region
    let (v, t) = (step / region.times.count, step % region.times.count)
    let (input, fit) = (blocks[0], blocks[1])
    let cells = region.mapCount
    for (r, row) in region.rows.enumerated() {
      for (c, column) in region.columns.enumerated() {
        let cell = r * region.columns.count + c
        let to = result.mapOffset(v, t, 0) + cell
        (result.values[to], result.validity[to]) = (.nan, 0)
        guard fit.validity[cell] != 0 else { continue }
        var value = Double(fit.values[cell])
        var isValid = true
        for (k, place) in regression.places(row, column, in: input.region).enumerated() {
          let (b, mean) = ((1 + 2 * k) * cells + cell, (2 + 2 * k) * cells + cell)
          guard fit.validity[b] != 0, fit.validity[mean] != 0 else { continue }
          guard let place, input.validity[place] != 0 else {
            isValid = false
            break
          }
          value += Double(fit.values[b]) * (Double(input.values[place]) - Double(fit.values[mean]))
        }
        guard isValid, Float(value).isFinite else { continue }
        (result.values[to], result.validity[to]) = (Float(value), 1)
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
