import Grids
import Stages
import Testing

/// A source whose values are in memory; NaN is missing.
struct MemorySource: Source {
  let label = "memory"
  let output: Description
  /// Row-major over variable, time, layer, row, column.
  let numbers: [Float]
  let grain = (times: 1, layers: 1, rows: 1)
  func scratchBytes(for region: Region) -> Int { 0 }
  func fileBytes(for region: Region) -> Int { region.count * 4 }

  func read(_ region: Region) throws -> Block {
    let block = try Block(uninitialized: region)
    let whole = output.whole
    try #require(
      region.variables.upperBound <= whole.variables.count && region.times.upperBound <= whole.times.count)
    try #require(region.layers.upperBound <= whole.layers.count)
    try #require(
      region.rows.upperBound <= whole.rows.count && region.columns.upperBound <= whole.columns.count)
    var position = 0
    for v in region.variables {
      for t in region.times {
        for l in region.layers {
          for j in region.rows {
            let start =
              (((v * whole.times.count + t) * whole.layers.count + l) * whole.rows.count + j)
              * whole.columns.count
            for i in region.columns {
              let value = numbers[start + i]
              block.values[position] = value
              block.validity[position] = value.isNaN ? 0 : 1
              position += 1
            }
          }
        }
      }
    }
    return block
  }
}

/// A field in memory for tests.
struct Field {
  var description: Description
  var numbers: [Float]

  init(_ description: Description, _ numbers: [Float]) {
    precondition(numbers.count == description.whole.count)
    (self.description, self.numbers) = (description, numbers)
  }

  /// Values by a function of (variable, time, layer, row, column).
  init(_ description: Description, _ value: (Int, Int, Int, Int, Int) -> Double) {
    self.description = description
    numbers = []
    let whole = description.whole
    for v in whole.variables {
      for t in whole.times {
        for l in whole.layers {
          for j in whole.rows { for i in whole.columns { numbers.append(Float(value(v, t, l, j, i))) } }
        }
      }
    }
  }

  subscript(_ v: Int, _ t: Int, _ l: Int, _ j: Int, _ i: Int) -> Float {
    let w = description.whole
    return numbers[
      (((v * w.times.count + t) * w.layers.count + l) * w.rows.count + j) * w.columns.count + i]
  }
}

/// YAML values for tests, written as Swift literals.
enum Yaml: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByBooleanLiteral
{
  case text(String), plain(String), list([Yaml]), map([(String, Yaml)])
  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int) { self = .plain("\(value)") }
  init(floatLiteral value: Double) { self = .plain("\(value)") }
  init(booleanLiteral value: Bool) { self = .plain("\(value)") }
  init(arrayLiteral elements: Yaml...) { self = .list(elements) }
  init(dictionaryLiteral elements: (String, Yaml)...) { self = .map(elements) }

  func value(_ mark: Mark = Mark(line: 1, column: 1)) -> ConfigValue {
    switch self {
    case .text(let text): ConfigValue(.scalar(text, isQuoted: true), mark)
    case .plain(let text): ConfigValue(.scalar(text, isQuoted: false), mark)
    case .list(let elements):
      ConfigValue(
        .sequence(elements.enumerated().map { $1.value(Mark(line: mark.line, column: 10 + $0)) }), mark)
    case .map(let entries):
      ConfigValue(
        .mapping(
          entries.enumerated().map { index, entry in
            let mark = Mark(line: mark.line + index, column: 20)
            return .init(key: entry.0, keyMark: mark, value: entry.1.value(mark))
          }), mark)
    }
  }
}

/// Plans a stage over fields in memory. The key n (from 1, in the order written) has its value on line n.
struct Plan {
  let graph: ComputationGraph
  let node: NodeID
  var description: Description { graph.description(node) }

  init<S: Stage>(
    _ stage: S.Type, _ keys: KeyValuePairs<String, Yaml> = [:],
    _ streams: KeyValuePairs<String, [(String, Field)]>
  ) throws {
    var values: [String: ConfigValue] = [:]
    // A stage may look at whether a stream's key is given.
    for (key, fields) in streams {
      values[key] = ConfigValue(.scalar(fields[0].0, isQuoted: false), Mark(line: 99, column: 1))
    }
    for (line, entry) in keys.enumerated() {
      #expect(S.declaration.keys.contains { $0.name == entry.key }, "the stage declares no key \(entry.key)")
      values[entry.key] = entry.value.value(Mark(line: line + 1, column: 5))
    }
    var graph = ComputationGraph()
    var inputs: [String: [StageInputs.Stream]] = [:]
    for (key, fields) in streams {
      for (name, field) in fields {
        let node = graph.add(MemorySource(output: field.description, numbers: field.numbers))
        inputs[key, default: []].append(
          .init(name: name, node: node, description: field.description, mark: Mark(line: 99, column: 1)))
      }
    }
    let stage = try S(
      Arguments(stage: S.declaration.name, mark: Mark(line: 100, column: 3), values: values))
    node = try stage.plan(StageInputs(inputs), in: &graph)
    self.graph = graph
  }

  /// From keys that are made already.
  init<S: Stage>(
    _ stage: S.Type, values: [String: ConfigValue], _ streams: [(key: String, name: String, field: Field)]
  ) throws {
    var values = values
    var graph = ComputationGraph()
    var inputs: [String: [StageInputs.Stream]] = [:]
    for (key, name, field) in streams {
      let mark = Mark(line: 99, column: 1)
      values[key] = ConfigValue(.scalar(name, isQuoted: false), mark)
      let node = graph.add(MemorySource(output: field.description, numbers: field.numbers))
      inputs[key, default: []].append(
        .init(name: name, node: node, description: field.description, mark: mark))
    }
    let stage = try S(
      Arguments(stage: S.declaration.name, mark: Mark(line: 100, column: 3), values: values))
    node = try stage.plan(StageInputs(inputs), in: &graph)
    self.graph = graph
  }

  init<S: Stage>(_ stage: S.Type, _ keys: KeyValuePairs<String, Yaml> = [:], on field: Field) throws {
    try self.init(stage, keys, ["input": [("field", field)]])
  }

  /// Computes everything at once, then again in random parts, and expects the same bits.
  func run(cuts: Int = 12, seed: UInt64 = 1) throws -> Field {
    let description = description
    let whole = try evaluate(node, description.whole)
    let field = Field(description, Array(whole.values))
    for i in 0..<whole.count {
      if whole.validity[i] == 0 {
        #expect(whole.values[i].isNaN, "missing but not NaN at \(i)")
      } else {
        #expect(whole.values[i].isFinite, "valid but not finite at \(i)")
      }
    }
    var random = Numbers(seed: seed)
    for _ in 0..<cuts {
      func part(_ range: Range<Int>) -> Range<Int> {
        let low = Int.random(in: range, using: &random)
        return low..<Int.random(in: low + 1...range.upperBound, using: &random)
      }
      let all = description.whole
      let region = Region(
        variables: part(all.variables), times: part(all.times), layers: part(all.layers),
        rows: part(all.rows), columns: part(all.columns))
      let block = try evaluate(node, region)
      var position = 0
      for v in region.variables {
        for t in region.times {
          for l in region.layers {
            for j in region.rows {
              for i in region.columns {
                let expected = field[v, t, l, j, i]
                let found = block.values[position]
                let isSame =
                  expected.isNaN
                  ? block.validity[position] == 0 && found.isNaN
                  : block.validity[position] == 1 && found.bitPattern == expected.bitPattern
                if !isSame {
                  Issue.record("\(region): \(found) and \(expected) at \([v, t, l, j, i])")
                  return field
                }
                position += 1
              }
            }
          }
        }
      }
    }
    return field
  }

  func evaluate(_ id: NodeID, _ region: Region) throws -> Block {
    let entry = graph.nodes[id.index]
    switch entry.content {
    case .source(let source as MemorySource): return try source.read(region)
    case .source: throw StageError("no source in memory")
    case .computation(let computation):
      if let reading = computation as? any ReadingComputation {
        let whole = try reading.compute(
          reading: MemoryReader(plan: self, inputs: entry.inputs), run: RunContext(threads: 2))
        return try part(whole, region)
      }
      let steps = computation.steps(for: region)
      #expect(computation.scratchBytes(for: region) >= 0)
      let work = try computation.begin(region)
      for (index, needs) in steps.enumerated() {
        let blocks = try needs.map { try evaluate(entry.inputs[$0.input], $0.region) }
        try work.take(blocks, step: index)
      }
      let block = try work.finish()
      try #require(block.region.extents == region.extents)
      return block
    }
  }
}

/// Inputs of a computation that reads for itself, computed when they are asked for.
struct MemoryReader: FieldReader {
  let plan: Plan
  let inputs: [NodeID]
  func read(_ input: Int, _ region: Region) throws(StageError) -> Block {
    do { return try plan.evaluate(inputs[input], region) } catch { throw StageError("\(error)") }
  }
}

/// A part of a block that holds everything.
func part(_ whole: Block, _ region: Region) throws -> Block {
  let result = try Block(uninitialized: region)
  var position = 0
  for v in region.variables {
    for t in region.times {
      for l in region.layers {
        for j in region.rows {
          let row = whole.mapOffset(v, t, l) + j * whole.region.columns.count
          for i in region.columns {
            result.values[position] = whole.values[row + i]
            result.validity[position] = whole.validity[row + i]
            position += 1
          }
        }
      }
    }
  }
  return result
}

/// Random numbers that are the same in every run (splitmix64).
struct Numbers: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}

/// The fault that a plan must end with.
func fault(_ make: () throws -> Plan, _ location: SourceLocation = #_sourceLocation) -> PlanError? {
  do {
    _ = try make()
    Issue.record("it was planned without a fault", sourceLocation: location)
    return nil
  } catch let error as PlanError {
    return error
  } catch {
    Issue.record("\(error)", sourceLocation: location)
    return nil
  }
}

/// `|found - expected| <= absolute + relative * |expected|` for each element, the worst one is shown.
func expectClose(
  _ found: [Float], _ expected: [Double], relative: Double = 1e-6, absolute: Double = 0,
  _ location: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count else {
    Issue.record("\(found.count) values, expected \(expected.count)", sourceLocation: location)
    return
  }
  var worst = (excess: 0.0, index: -1)
  for (index, (a, b)) in zip(found, expected).enumerated() {
    if a.isNaN && b.isNaN { continue }
    let excess = abs(Double(a) - b) / (absolute + relative * abs(b) + 1e-300)
    if !(excess <= 1), !(excess <= worst.excess) || worst.index < 0 { worst = (excess, index) }
  }
  if worst.index >= 0 {
    Issue.record(
      "element \(worst.index): \(found[worst.index]), expected \(expected[worst.index])",
      sourceLocation: location)
  }
}

/// Small grids and axes.
enum Make {
  static func regular(_ latitudes: [Double], _ longitudes: [Double]) -> Grid {
    Grid(
      kind: .regular,
      y: Axis(
        name: "lat", kind: .latitude, standardName: "latitude", units: "degrees_north", values: latitudes),
      x: Axis(
        name: "lon", kind: .longitude, standardName: "longitude", units: "degrees_east", values: longitudes))
  }

  /// A whole globe, rows from south to north.
  static func globe(_ ny: Int, _ nx: Int, west: Double = 0) -> Grid {
    regular(
      (0..<ny).map { -90 + (Double($0) + 0.5) * 180 / Double(ny) },
      (0..<nx).map { west + Double($0) * 360 / Double(nx) })
  }

  static func curvilinear(_ ny: Int, _ nx: Int, _ place: (Int, Int) -> (Double, Double)) -> Grid {
    var (latitudes, longitudes) = ([Double](), [Double]())
    for j in 0..<ny { for i in 0..<nx { latitudes.append(place(j, i).0); longitudes.append(place(j, i).1) } }
    return Grid(
      kind: .curvilinear, y: .index("y", ny), x: .index("x", nx), latitudes: latitudes, longitudes: longitudes
    )
  }

  static func days(
    _ count: Int, step: Double = 1, start: Double = 0, since: String = "days since 2001-01-01 00:00:00",
    _ calendar: CFCalendar = .noLeap, bounds: Bool = false
  ) -> TimeAxis {
    let values = (0..<count).map { start + Double($0) * step }
    return TimeAxis(
      values: bounds ? values.map { $0 + step / 2 } : values,
      bounds: bounds ? values.flatMap { [$0, $0 + step] } : nil, units: since, calendar: calendar)
  }

  static func pressures(_ hectopascals: [Double]) -> Axis {
    Axis(
      name: "plev", kind: .vertical, standardName: "air_pressure", units: "hPa", positive: "down",
      values: hectopascals)
  }

  static func variable(_ name: String, _ standardName: String? = nil, _ units: String? = nil)
    -> VariableDescription
  {
    VariableDescription(name: name, standardName: standardName, longName: nil, units: units)
  }

  /// Noise of that range, the same in every run.
  static func noise(
    _ description: Description, _ range: ClosedRange<Double>, seed: UInt64 = 7, missing: Double = 0
  ) -> Field {
    var random = Numbers(seed: seed)
    return Field(description) { _, _, _, _, _ in
      let value = range.lowerBound + (range.upperBound - range.lowerBound) * random.unit()
      return random.unit() < missing ? .nan : value
    }
  }
}
