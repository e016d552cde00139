import Grids

/// What a `regress` stage fits.
struct Regression: Sendable {
  struct Predictor: Sendable {
    /// Which of the streams of predictors.
    let stream: Int
    let variable: Int
    let alignment: Alignment
  }
  struct Target: Sendable {
    let variable: Int
    let factor: Double
    let offset: Double
  }
  let base: Description
  /// For each variable of the base.
  let targets: [Target]
  let onBase: Alignment
  let predictors: [Predictor]
  let names: [String]
  let hasIntercept: Bool
  /// What is fitted.
  let times: [Int]
  let part: PartOfField
  /// Tells the regressions of a pipeline apart.
  let key: String

  var count: Int { predictors.count + (hasIntercept ? 1 : 0) }
  func key(_ variable: Int, _ name: String) -> String { "\(key).\(variable).\(name)" }

  /// What the predictors' streams (inputs from `first` on) must give under a region of the base.
  func needs(_ region: Region, from first: Int) -> [Need] {
    predictors.map {
      Need(first + $0.stream, $0.alignment.region(region, variables: $0.variable..<$0.variable + 1))
    }
  }
}

/// Sums for the normal equations of one variable, by numbers counted from the first ones when there is an
/// intercept (then the fit does not depend on the origin, and no digits are lost).
struct NormalEquations {
  private let size: Int
  private let isCentred: Bool
  private(set) var n = 0
  private var origin: [Double] = []
  /// Sums of x_i x_j, of x_i y and of x_i; y is the last "predictor".
  private var products: [Double]
  private var sums: [Double]

  init(_ size: Int, hasIntercept: Bool) {
    (self.size, isCentred) = (size, hasIntercept)
    products = .init(repeating: 0, count: (size + 1) * (size + 1))
    sums = .init(repeating: 0, count: size + 1)
  }

  /// - Parameter values: the predictors, then what they are to explain.
  mutating func add(_ values: [Double]) {
    if n == 0 { origin = isCentred ? values : values.map { _ in 0 } }
    n += 1
    for i in 0...size {
      let x = values[i] - origin[i]
      sums[i] += x
      for j in i...size { products[i * (size + 1) + j] += x * (values[j] - origin[j]) }
    }
  }

  /// - Returns: the coefficients, the intercept (0 without), and the root mean square of what is to be explained,
  ///   before and after the fit.
  /// - Throws: when there is nothing to fit or a predictor says nothing that the others do not.
  func solve(_ names: [String]) throws(StageError) -> (
    coefficients: [Double], intercept: Double, before: Double, after: Double
  ) {
    let unknowns = size + (isCentred ? 1 : 0)
    guard n >= unknowns else {
      throw StageError(
        "\(n) valid values cannot fix \(unknowns) coefficients", remedy: "fit on a larger part")
    }
    let total = Double(n)
    func product(_ i: Int, _ j: Int) -> Double {
      let sum = products[min(i, j) * (size + 1) + max(i, j)]
      return isCentred ? sum - sums[i] * sums[j] / total : sum
    }
    // Scaled to ones on the diagonal: the predictors' units do not decide what is singular.
    let scale = try scales(names, product)
    var a = (0..<size).map { i in (0..<size).map { j in product(i, j) / (scale[i] * scale[j]) } }
    var b = (0..<size).map { product($0, size) / scale[$0] }
    // Cholesky.
    for j in 0..<size {
      for k in 0..<j { a[j][j] -= a[j][k] * a[j][k] }
      guard a[j][j] > 1e-11 else {
        throw StageError(
          "the system is singular: `\(names[j])` is a linear function of the other predictors"
            + (isCentred ? " and a constant" : ""), subject: names[j], remedy: "leave it out")
      }
      a[j][j] = a[j][j].squareRoot()
      for i in (j + 1)..<max(size, j + 1) {
        for k in 0..<j { a[i][j] -= a[i][k] * a[j][k] }
        a[i][j] /= a[j][j]
      }
    }
    for i in 0..<size {
      for k in 0..<i { b[i] -= a[i][k] * b[k] }
      b[i] /= a[i][i]
    }
    let explained = b.reduce(0) { $0 + $1 * $1 }
    for i in stride(from: size - 1, through: 0, by: -1) {
      for k in (i + 1)..<max(size, i + 1) { b[i] -= a[k][i] * b[k] }
      b[i] /= a[i][i]
    }
    let coefficients = (0..<size).map { b[$0] / scale[$0] }
    var intercept = 0.0
    if isCentred {
      intercept = origin[size] + sums[size] / total
      for i in 0..<size { intercept -= coefficients[i] * (origin[i] + sums[i] / total) }
    }
    let mean = isCentred ? origin[size] + sums[size] / total : 0
    let residual = max(0, product(size, size) - explained) / total
    return (
      coefficients, intercept, (product(size, size) / total + mean * mean).squareRoot(), residual.squareRoot()
    )
  }

  private func scales(_ names: [String], _ product: (Int, Int) -> Double) throws(StageError) -> [Double] {
    var scale: [Double] = []
    for i in 0..<size {
      let square = product(i, i)
      // Less than rounding leaves of a constant.
      guard square > 1e-13 * products[i * (size + 1) + i], square > 0, square.isFinite else {
        throw StageError(
          "the system is singular: `\(names[i])` is \(isCentred ? "the same" : "0") in all values that are fitted",
          subject: names[i], remedy: "leave it out, or fit on another part")
      }
      scale.append(square.squareRoot())
    }
    return scale
  }
}

/// The coefficients: a field of one row, whose cells are the coefficients, then the intercept; each in two
/// numbers (the float32 next to it, and what that leaves), since they are double precision.
struct Fitted: Computation {
  let regression: Regression
  let output: Description
  let label: String
  let isWhole = true

  /// Bytes of input that are taken in one step.
  private static let slabBytes = 8 << 20

  init(regression: Regression) {
    self.regression = regression
    label =
      "fit \(regression.names.joined(separator: ", "))\(regression.hasIntercept ? " and a constant" : "")"
    output = Description(
      variables: regression.base.variables, time: nil,
      grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 2 * (regression.predictors.count + 1))))
  }

  /// Parts of the base, one after the other.
  func slabs(_ region: Region) -> [Region] {
    let part = regression.part
    let limit = max(1, Self.slabBytes / max(1, part.columns.count * 5 * (regression.predictors.count + 2)))
    var slabs: [Region] = []
    for variable in region.variables {
      for time in regression.times {
        for layer in 0..<regression.base.layerCount {
          for start in stride(from: part.rows.lowerBound, to: part.rows.upperBound, by: limit) {
            slabs.append(
              Region(
                variables: variable..<variable + 1, times: time..<time + 1, layers: layer..<layer + 1,
                rows: start..<min(start + limit, part.rows.upperBound), columns: part.columns))
          }
        }
      }
    }
    return slabs
  }

  func steps(for region: Region) -> [[Need]] {
    slabs(region).map { slab in
      let target = regression.targets[slab.variables.lowerBound].variable
      return [Need(0, slab), Need(1, regression.onBase.region(slab, variables: target..<target + 1))]
        + regression.needs(slab, from: 2)
    }
  }

  func operations(for region: Region) -> Double {
    let k = Double(regression.predictors.count + 1)
    return Double(region.variables.count * regression.times.count * regression.base.layerCount)
      * Double(regression.part.count) * (k * k + 10)
  }

  func begin(_ region: Region) throws(StageError) -> any Work { FittedWork(self, region) }
}

private final class FittedWork: Work {
  let regression: Regression
  let region: Region
  let slabs: [Region]
  var equations: [NormalEquations]
  private var results: [Finding] = []

  init(_ fitted: Fitted, _ region: Region) {
    (regression, self.region) = (fitted.regression, region)
    slabs = fitted.slabs(region)
    equations = .init(
      repeating: NormalEquations(regression.predictors.count, hasIntercept: regression.hasIntercept),
      count: region.variables.count)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    let slab = slabs[step]
    let count = regression.predictors.count
    guard blocks.count == count + 2 else { throw StageError("`regress` was not given all its fields") }
    let variable = slab.variables.lowerBound
    let target = regression.targets[variable]
    var row = [Double](repeating: 0, count: count + 1)
    for (r, j) in slab.rows.enumerated() {
      for (c, i) in slab.columns.enumerated() {
        let cell = r * slab.columns.count + c
        guard regression.part.contains(j, i), blocks.allSatisfy({ $0.validity[cell] != 0 }) else { continue }
        for k in 0..<count { row[k] = Double(blocks[k + 2].values[cell]) }
        row[count] =
          Double(blocks[1].values[cell]) * target.factor + target.offset - Double(blocks[0].values[cell])
        equations[variable - region.variables.lowerBound].add(row)
      }
    }
  }

  func finish() throws(StageError) -> Block {
    let block = try Block.make(region)
    for (position, variable) in region.variables.enumerated() {
      let fit = try equations[position].solve(regression.names)
      let numbers = (fit.coefficients + [fit.intercept]).flatMap { value -> [Float] in
        let high = Float(value)
        return [high, Float(value - Double(high))]
      }
      guard numbers.allSatisfy(\.isFinite) else {
        throw StageError("a coefficient does not fit into float32", remedy: "scale the predictors")
      }
      for (i, column) in region.columns.enumerated() {
        block.values[block.mapOffset(position, 0, 0) + i] = numbers[column]
        block.validity[block.mapOffset(position, 0, 0) + i] = 1
      }
      note(variable, equations[position].n, fit)
    }
    return block
  }

  private func note(
    _ variable: Int, _ n: Int,
    _ fit: (coefficients: [Double], intercept: Double, before: Double, after: Double)
  ) {
    let name = regression.base.variables[variable].name
    let units = regression.base.variables[variable].units.map { " \($0)" } ?? ""
    var terms = zip(fit.coefficients, regression.names).map { "\(Self.short($0)) \($1)" }
    if regression.hasIntercept { terms.append(Self.short(fit.intercept)) }
    results += [
      .line(
        "\(name) + \(terms.joined(separator: " + ")), fitted on \(n) values; rms error "
          + "\(Self.short(fit.before)) -> \(Self.short(fit.after))\(units)"),
      .attribute(key: regression.key(variable, "coefficients"), .float64(fit.coefficients)),
      .attribute(key: regression.key(variable, "intercept"), .float64([fit.intercept])),
      .attribute(
        key: regression.key(variable, "values"), .int32([Int32(clamping: n)])),
    ]
  }

  /// Five digits.
  private static func short(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return value.plain }
    var (scale, size) = (1.0, abs(value))
    while size < 1e4, scale < 1e300 { (size, scale) = (size * 10, scale * 10) }
    return ((value * scale).rounded() / scale).plain
  }

  var findings: [Finding] { results }
}

/// The base and what the fit adds.
struct Applied: Computation {
  let regression: Regression
  let output: Description
  var label: String { "add the fit" }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { variable in
      var part = region
      part.variables = variable..<variable + 1
      let fit = Region(
        variables: part.variables, times: 0..<1, layers: 0..<1, rows: 0..<1,
        columns: 0..<2 * (regression.predictors.count + 1))
      return [Need(0, part), Need(1, fit)] + regression.needs(part, from: 2)
    }
  }

  func operations(for region: Region) -> Double { Double(region.count * regression.count * 2) }

  func begin(_ region: Region) throws(StageError) -> any Work { AppliedWork(self, try Block.make(region)) }
}

private final class AppliedWork: Work {
  let applied: Applied
  let result: Block
  init(_ applied: Applied, _ result: Block) { (self.applied, self.result) = (applied, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    let predictors = applied.regression.predictors
    guard blocks.count == predictors.count + 2 else {
      throw StageError("`regress` was not given all its fields")
    }
    let region = result.region
    let coefficients = (0...predictors.count).map {
      Double(blocks[1].values[2 * $0]) + Double(blocks[1].values[2 * $0 + 1])
    }
    for t in 0..<region.times.count {
      for l in 0..<region.layers.count {
        let (from, to) = (blocks[0].mapOffset(0, t, l), result.mapOffset(step, t, l))
        let starts = predictors.indices.map { k in
          let alignment = predictors[k].alignment
          return blocks[k + 2].mapOffset(0, alignment.repeatsTime ? 0 : t, alignment.repeatsLayers ? 0 : l)
        }
        for i in 0..<region.mapCount {
          var isValid = blocks[0].validity[from + i] != 0
          var value = Double(blocks[0].values[from + i]) + coefficients[predictors.count]
          for k in predictors.indices where isValid {
            isValid = blocks[k + 2].validity[starts[k] + i] != 0
            value += coefficients[k] * Double(blocks[k + 2].values[starts[k] + i])
          }
          guard !isValid || Float(value).isFinite else {
            throw StageError("a value of the fit does not fit into float32")
          }
          result.values[to + i] = isValid ? Float(value) : .nan
          result.validity[to + i] = isValid ? 1 : 0
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
