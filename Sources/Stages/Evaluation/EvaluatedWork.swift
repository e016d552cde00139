import Basics
import GridFiles
import Grids

/// Sums, then scores.
final class EvaluatedWork: Work {
  let evaluated: Evaluated
  let region: Region
  let slabs: [Evaluated.Step]
  let compared: [Int]
  let areas: [Double]?
  let parts: ScoreParts
  /// By compared variable, measure and layer: sums of each part; empty where there are none.
  private var sums: [[[[Double]]]]
  /// By compared variable and layer.
  private var counts: [[Int]]
  /// A value of truth and methods for each compared variable.
  private var origins: [(truth: Double, methods: [Double])?]
  private var heights: [Double] = []
  /// With a result for each cell: by compared variable, then output, method, period, cell; the last output is n.
  private var maps: [[Double]]

  init(_ evaluated: Evaluated, _ region: Region) throws(StageError) {
    (self.evaluated, self.region) = (evaluated, region)
    slabs = evaluated.slabs(region)
    compared = evaluated.compared(region)
    parts = evaluated.scoreParts
    do { areas = try evaluated.areas?.values() } catch {
      throw StageError(
        "the areas of the cells: \(error.cause)", subject: error.subject, remedy: "use `weights: none`")
    }
    let shape = evaluated.shape
    sums = compared.map { index in
      evaluated.metrics(index).map { _ in [[Double]](repeating: [], count: shape.layers) }
    }
    counts = compared.map { _ in [Int](repeating: 0, count: shape.layers) }
    origins = compared.map { _ in nil }
    let size =
      (shape.outputs.count + 1) * shape.methods.count * shape.periods.count * evaluated.truth.grid.count
    maps = shape.isMap ? compared.map { _ in [Double](repeating: .nan, count: size) } : []
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    switch slabs[step] {
    case .heights(let part):
      guard let block = blocks.first else { throw StageError("`evaluate` was not given the heights") }
      heights = .init(repeating: .nan, count: evaluated.truth.grid.count)
      for (r, row) in part.rows.enumerated() {
        for (c, column) in part.columns.enumerated() {
          let i = r * part.columns.count + c
          if block.validity[i] != 0 {
            heights[row * evaluated.truth.grid.nx + column] = Double(block.values[i])
          }
        }
      }
    case .field(let index, let part, let isWhole):
      guard let position = compared.firstIndex(of: index) else { return }
      let slab = try ComparedSlab(blocks, part, evaluated, index)
      takeField(slab, position)
      if isWhole, evaluated.hasMaps { takeMaps(slab, position) }
    case .series(let index, let part):
      guard let position = compared.firstIndex(of: index) else { return }
      try takeSeries(try ComparedSlab(blocks, part, evaluated, index), position)
    }
  }

  private func contains(_ number: Int, _ row: Int, _ column: Int) -> Bool {
    let part = evaluated.parts[number]
    guard part.part.contains(row, column) else { return false }
    return part.band.map { $0.contains(heights[row * evaluated.truth.grid.nx + column]) } ?? true
  }

  private func weight(_ row: Int, _ column: Int) -> Double {
    areas.map { $0[row * evaluated.truth.grid.nx + column] } ?? 1
  }

  private func periods(_ time: Int) -> [Int] {
    [0] + (evaluated.periods[time].map { [$0] } ?? [])
  }

  private func add(_ vector: [Double], _ position: Int, _ metric: Int, _ layer: Int, part: Int) {
    let kind = evaluated.metrics(compared[position])[metric]
    let size = kind.size
    if sums[position][metric][layer].isEmpty {
      sums[position][metric][layer] = .init(repeating: 0, count: size * parts.count(kind))
    }
    for k in 0..<size {
      let place = part * size + k
      if kind.takesMaximum {
        sums[position][metric][layer][place] = max(sums[position][metric][layer][place], vector[k])
      } else {
        sums[position][metric][layer][place] += vector[k]
      }
    }
  }

  // MARK: Values, whatever their place

  private func takeField(_ slab: ComparedSlab, _ position: Int) {
    let part = slab.region
    let time = part.times.lowerBound
    // Cells by region and part.
    struct Group { var places: [Int] = []; var weights: [Double] = [] }
    var groups: [Int: Group] = [:]
    for (r, row) in part.rows.enumerated() {
      for (c, column) in part.columns.enumerated() {
        let i = r * part.columns.count + c
        guard slab.isValid[i] else { continue }
        let weight = weight(row, column)
        guard weight > 0 else { continue }
        if origins[position] == nil { origins[position] = (slab.truth[i], slab.mean.map { $0[i] }) }
        let unit = parts.part(time, row, column)
        for number in evaluated.parts.indices where contains(number, row, column) {
          groups[unit * evaluated.parts.count + number, default: Group()].places.append(i)
          groups[unit * evaluated.parts.count + number]?.weights.append(weight)
        }
      }
    }
    let shape = evaluated.shape
    guard let origin = origins[position] else { return }
    let metrics = evaluated.metrics(compared[position])
    for key in groups.keys.sorted() {
      guard let group = groups[key] else { continue }
      let (unit, number) = (key / evaluated.parts.count, key % evaluated.parts.count)
      for method in shape.methods.indices {
        let samples = slab.samples(
          method, group.places, group.weights, origin: (origin.methods[method], origin.truth))
        for period in periods(time) {
          counts[position][shape.layer(method, number, period)] += samples.count
        }
        for (index, metric) in metrics.enumerated() {
          guard let metric = metric as? any PointMetric else { continue }
          let vector = metric.add(samples)
          for period in periods(time) {
            add(vector, position, index, shape.layer(method, number, period), part: unit)
          }
        }
      }
    }
  }

  // MARK: Maps

  private func takeMaps(_ slab: ComparedSlab, _ position: Int) {
    let (shape, region) = (evaluated.shape, slab.region)
    let metrics = evaluated.metrics(compared[position])
    let time = region.times.lowerBound
    for (number, part) in evaluated.parts.enumerated() where part.band == nil {
      let (rows, columns) = (part.part.rows, part.part.columns)
      var places: [Int] = []
      for row in rows {
        for column in columns {
          places.append(
            (row - region.rows.lowerBound) * region.columns.count + column - region.columns.lowerBound)
        }
      }
      let isValid = places.enumerated().map { k, place in
        slab.isValid[place]
          && part.part.contains(rows.lowerBound + k / columns.count, columns.lowerBound + k % columns.count)
      }
      guard isValid.contains(true) else { continue }
      let truth = places.map { slab.truth[$0] }
      for method in shape.methods.indices {
        let count = evaluated.members[method].count
        for (index, metric) in metrics.enumerated() {
          guard let metric = metric as? any MapMetric else { continue }
          var total = [Double](repeating: 0, count: metric.size)
          for member in 0..<count {
            let maps = MapPair(
              rows: rows.count, columns: columns.count,
              x: places.map { slab.members[method][$0 * count + member] }, y: truth, isValid: isValid)
            for (k, value) in metric.add(maps).enumerated() { total[k] += value / Double(count) }
          }
          let unit = parts.isByTime ? parts.run(time) : 0
          for period in periods(time) {
            add(total, position, index, shape.layer(method, number, period), part: unit)
          }
        }
      }
    }
  }

  // MARK: Series

  private func takeSeries(_ slab: ComparedSlab, _ position: Int) throws(StageError) {
    let (shape, region) = (evaluated.shape, slab.region)
    let metrics = evaluated.metrics(compared[position])
    let cells = region.mapCount
    let members = evaluated.members.map(\.count)
    for (r, row) in region.rows.enumerated() {
      for (c, column) in region.columns.enumerated() {
        let cell = r * region.columns.count + c
        let weight = weight(row, column)
        let holders = evaluated.parts.indices.filter { contains($0, row, column) }
        guard weight > 0, !holders.isEmpty || shape.isMap else { continue }
        let unit = parts.tile(row, column)
        for period in shape.periods.indices {
          let times = region.times.filter {
            slab.isValid[$0 * cells + cell] && (period == 0 || evaluated.periods[$0] == period)
          }
          guard !times.isEmpty else { continue }
          let places = times.map { $0 * cells + cell }
          var series = Series()
          series.y = places.map { slab.truth[$0] }
          series.month = times.map { evaluated.dates.isEmpty ? 0 : evaluated.dates[$0].month }
          series.year = times.map { evaluated.dates.isEmpty ? 0 : evaluated.dates[$0].year }
          series.follows = times.indices.map { $0 > 0 && times[$0] == times[$0 - 1] + 1 }
          for method in shape.methods.indices {
            let count = members[method]
            for (index, metric) in metrics.enumerated() {
              var vector: [Double]
              if let metric = metric as? any SeriesMetric {
                vector = .init(repeating: 0, count: metric.size)
                for member in 0..<count {
                  series.x = places.map { slab.members[method][$0 * count + member] }
                  for (k, value) in metric.add(series, weight: weight).enumerated() {
                    vector[k] += value / Double(count)
                  }
                }
                for number in holders {
                  add(vector, position, index, shape.layer(method, number, period), part: unit)
                }
              } else if shape.isMap, let metric = metric as? any PointMetric {
                vector = metric.add(
                  slab.samples(
                    method, places, places.map { _ in 1 },
                    origin: (slab.mean[method][places[0]], slab.truth[places[0]])))
              } else {
                continue
              }
              if shape.isMap { put(metric.values(vector), position, index, method, period, row, column) }
            }
            if shape.isMap {
              maps[position][place(shape.outputs.count, method, period, row, column)] = Double(times.count)
            }
          }
        }
      }
    }
  }

  private func place(_ output: Int, _ method: Int, _ period: Int, _ row: Int, _ column: Int) -> Int {
    let (shape, grid) = (evaluated.shape, evaluated.truth.grid)
    return ((output * shape.methods.count + method) * shape.periods.count + period) * grid.count
      + row * grid.nx + column
  }

  private func put(
    _ values: [Double], _ position: Int, _ metric: Int, _ method: Int, _ period: Int, _ row: Int,
    _ column: Int
  ) {
    let metrics = evaluated.metrics(compared[position])
    let first = metrics[..<metric].reduce(0) { $0 + $1.outputs.count }
    for (k, value) in values.enumerated() {
      maps[position][place(first + k, method, period, row, column)] = value
    }
  }

  // MARK: Results

  /// The values of all outputs of a layer.
  private func values(_ position: Int, _ layer: Int) -> [Double] {
    evaluated.metrics(compared[position]).enumerated().flatMap { index, metric -> [Double] in
      let all = sums[position][index][layer]
      guard !all.isEmpty else { return metric.outputs.map { _ in .nan } }
      var total = [Double](repeating: 0, count: metric.size)
      for (k, value) in all.enumerated() {
        let i = k % metric.size
        total[i] = metric.takesMaximum ? max(total[i], value) : total[i] + value
      }
      return metric.values(total)
    }
  }

  private func intervals(_ position: Int, _ layer: Int) -> [Score.Interval?] {
    evaluated.metrics(compared[position]).enumerated().flatMap { index, metric -> [Score.Interval?] in
      let all = sums[position][index][layer]
      guard let bootstrap = evaluated.bootstrap, !all.isEmpty else { return metric.outputs.map { _ in nil } }
      return bootstrap.intervals(metric, all, count: parts.count(metric))
    }
  }

  func finish() throws(StageError) -> Block {
    let shape = evaluated.shape
    let block = try Block.make(region)
    let outputs = shape.outputs.count
    makeScores()
    for (v, variable) in region.variables.enumerated() {
      guard let position = compared.firstIndex(of: variable / shape.perVariable) else { continue }
      let kind = variable % shape.perVariable
      for (l, layer) in region.layers.enumerated() {
        let first = block.mapOffset(v, 0, l)
        for (r, row) in region.rows.enumerated() {
          for (c, column) in region.columns.enumerated() {
            var value: Double
            if shape.isMap {
              let (method, period) = (layer / shape.periods.count, layer % shape.periods.count)
              value = maps[position][place(kind, method, period, row, column)]
            } else if kind < outputs {
              value = results[position][layer].values[kind]
            } else if kind == shape.perVariable - 1 {
              value = Double(counts[position][layer])
            } else {
              let interval = results[position][layer].intervals[kind % outputs]
              value = (kind < 2 * outputs ? interval?.low : interval?.high) ?? .nan
            }
            let i = first + r * region.columns.count + c
            let isValid = Float(value).isFinite
            block.values[i] = isValid ? Float(value) : .nan
            block.validity[i] = isValid ? 1 : 0
          }
        }
      }
    }
    if region == evaluated.output.whole, let file = evaluated.json {
      try ScoreFile.write(scores, to: file.path)
    }
    return block
  }

  private var results: [[(values: [Double], intervals: [Score.Interval?])]] = []
  private(set) var scores: [Score] = []

  /// In the order of a table: each method's row, region by region.
  private func makeScores() {
    let shape = evaluated.shape
    results = compared.indices.map { position in
      (0..<shape.layers).map { (values(position, $0), intervals(position, $0)) }
    }
    for (position, index) in compared.enumerated() {
      let variable = shape.variables[index]
      let outputs = variable.metrics.flatMap { metric in
        metric.outputs.map { (output: $0, isOfMaps: metric is any MapMetric) }
      }
      for (r, region) in shape.regions.enumerated() {
        for (p, period) in shape.periods.enumerated() {
          for (m, method) in shape.methods.enumerated() {
            let layer = shape.layer(m, r, p)
            // A range of heights is no map.
            for (k, (output, isOfMaps)) in outputs.enumerated()
            where !isOfMaps || evaluated.parts[r].band == nil {
              scores.append(
                Score(
                  method: method, variable: variable.name, metric: output.name,
                  value: results[position][layer].values[k], units: output.unitText(variable.units),
                  region: region, period: period, n: counts[position][layer],
                  order: evaluated.order + scores.count, interval: results[position][layer].intervals[k],
                  better: output.better))
            }
          }
        }
      }
    }
  }

  var findings: [Finding] { scores.map { .score($0) } }
}
