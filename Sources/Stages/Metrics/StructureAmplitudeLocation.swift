import Basics

/// Structure, amplitude and location of rain (Wernli et al. 2008, doi:10.1175/2008MWR2415.1).
struct StructureAmplitudeLocation: MapMetric {
  static let declaration = Declaration(
    name: "sal",
    summary:
      "structure S, amplitude A and location L of rain in each map, meant over the times (of S and A their "
      + "absolute values too); objects are cells that touch, corners count, at or above `factor` times the 95th "
      + "percentile of the wet cells (Wernli et al. 2009); maps without rain are left out",
    keys: [
      Key("factor", .number, default: "0.0667 (1/15)", "of the threshold of objects"),
      Key("wet", .number, default: "0", "values above this are wet, in the units of the truth"),
    ])
  let outputs: [MetricOutput]
  let factor: Double
  let wet: Double
  let size = 6

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    factor = arguments.number("factor") ?? 1.0 / 15
    wet = arguments.number("wet") ?? 0
    guard factor > 0, factor < 1 else {
      throw PlanError("`factor` lies between 0 and 1, found \(factor.plain)", at: arguments.mark("factor"))
    }
    outputs = [
      MetricOutput(name: "sal_structure", title: "structure component of SAL", better: .near(0)),
      MetricOutput(name: "sal_amplitude", title: "amplitude component of SAL", better: .near(0)),
      MetricOutput(name: "sal_location", title: "location component of SAL", better: .low),
      MetricOutput(
        name: "sal_absolute_structure", title: "size of the structure component of SAL", better: .low),
      MetricOutput(
        name: "sal_absolute_amplitude", title: "size of the amplitude component of SAL", better: .low),
    ]
  }

  func add(_ maps: MapPair) -> [Double] {
    let none = [Double](repeating: 0, count: size)
    guard let field = RainObjects(maps, maps.x, factor: factor, wet: wet),
      let truth = RainObjects(maps, maps.y, factor: factor, wet: wet)
    else { return none }
    let amplitude = 2 * (field.mean - truth.mean) / (field.mean + truth.mean)
    let structure = 2 * (field.volume - truth.volume) / (field.volume + truth.volume)
    let diagonal = Double((maps.rows - 1) * (maps.rows - 1) + (maps.columns - 1) * (maps.columns - 1))
      .squareRoot()
    guard diagonal > 0 else { return none }
    let (dy, dx) = (field.centre.y - truth.centre.y, field.centre.x - truth.centre.x)
    let location = ((dy * dy + dx * dx).squareRoot() + 2 * abs(field.scatter - truth.scatter)) / diagonal
    return [structure, amplitude, location, abs(structure), abs(amplitude), 1]
  }

  func values(_ sums: [Double]) -> [Double] { (0..<5).map { sums[5] > 0 ? sums[$0] / sums[5] : .nan } }
}

/// What SAL says of one map.
private struct RainObjects {
  /// Of all cells.
  var mean = 0.0
  /// Mean over the objects, weighted by their rain, of their rain over their largest value.
  var volume = 0.0
  /// Centre of mass of all rain, in cells.
  var centre = (y: 0.0, x: 0.0)
  /// Mean distance of the objects' centres from it, weighted by their rain.
  var scatter = 0.0

  init?(_ maps: MapPair, _ values: [Double], factor: Double, wet: Double) {
    let (rows, columns) = (maps.rows, maps.columns)
    var (total, count) = (0.0, 0.0)
    var rain: [Double] = []
    for cell in values.indices where maps.isValid[cell] {
      count += 1
      total += values[cell]
      centre.y += values[cell] * Double(cell / columns)
      centre.x += values[cell] * Double(cell % columns)
      if values[cell] > wet { rain.append(values[cell]) }
    }
    guard !rain.isEmpty, total > 0 else { return nil }
    mean = total / count
    centre = (centre.y / total, centre.x / total)
    let threshold = factor * Sample.quantile(sorted: rain.sorted(), 0.95)
    var isOpen = values.indices.map { maps.isValid[$0] && values[$0] >= threshold && values[$0] > wet }
    var (sum, weighted, distance) = (0.0, 0.0, 0.0)
    for first in values.indices where isOpen[first] {
      var stack = [first]
      isOpen[first] = false
      var (mass, largest, y, x) = (0.0, 0.0, 0.0, 0.0)
      while let cell = stack.popLast() {
        let (j, i) = (cell / columns, cell % columns)
        mass += values[cell]
        largest = max(largest, values[cell])
        y += values[cell] * Double(j)
        x += values[cell] * Double(i)
        for row in max(0, j - 1)...min(rows - 1, j + 1) {
          for column in max(0, i - 1)...min(columns - 1, i + 1) where isOpen[row * columns + column] {
            isOpen[row * columns + column] = false
            stack.append(row * columns + column)
          }
        }
      }
      let (dy, dx) = (y / mass - centre.y, x / mass - centre.x)
      sum += mass
      weighted += mass * mass / largest
      distance += mass * (dy * dy + dx * dx).squareRoot()
    }
    guard sum > 0 else { return nil }
    (volume, scatter) = (weighted / sum, distance / sum)
  }
}
