import Grids

/// Scenes made of real fields and of events with known labels.
struct SceneMaking: Computation {
  enum Event: String, CaseIterable, Sendable {
    case cyclone, river, front
    case frontTypes = "front-types"
  }
  /// Which variable of the field plays which part.
  struct Roles: Sendable {
    var pressure: Int?
    var u: Int?
    var v: Int?
    var temperature: Int?
    var vapour: Int?
  }
  /// How much of what goes where.
  struct Options: Sendable {
    /// Backgrounds are combinations of three times.
    var mixes = false
    /// Backgrounds are turned around, east to west and north to south, each with one chance in two.
    var mirrors = false
    /// hPa, of a cyclone.
    var weakest = 8.0
    /// K, of a cyclone's warm core, before what its depth adds.
    var core = 2.0
    /// km between the centres of what is put into a scene.
    var apart = 0.0
    /// Rows and columns at the edges of a whole field without centres.
    var margin = 3
  }
  let input: Description
  let output: Description
  let roles: Roles
  /// To Pa, for the pressure.
  let pressureFactor: Double
  let event: Event
  let cells: SphereCells
  let patch: [Int]?
  let share: Double
  let decoys: Double
  /// Events of a scene that is a whole field.
  let events: Int
  let labelRadius: Double
  let times: [Int]
  let seed: UInt64
  /// km between cells.
  let spacing: Double
  let options: Options
  let label = "semi-synthetic scenes"

  /// The field that a scene begins with: the sum of fields with weights, and whether it is turned around.
  struct Background {
    var parts: [(time: Int, weight: Double)]
    var turnsRows = false
    var turnsColumns = false
  }

  /// With `mixes` these are three times whose sum of weights, and of their squares, is one: the mean of many stays that
  /// of the fields, their variance too when the times know nothing of each other, and wind and pressure stay as
  /// balanced as they were.
  func background(_ dice: inout SceneDice) -> Background {
    var result = Background(parts: [(times[dice.below(times.count)], 1)])
    if options.mixes {
      let angle = dice.uniform(0...(2 * .pi))
      let others = [result.parts[0].time, times[dice.below(times.count)], times[dice.below(times.count)]]
      result.parts = others.enumerated().map { index, time in
        (time, (1 + 2 * System.cos(angle + 2 * .pi / 3 * Double(index))) / 3)
      }
    }
    if options.mirrors { (result.turnsRows, result.turnsColumns) = (dice.below(2) == 1, dice.below(2) == 1) }
    return result
  }

  func steps(for region: Region) -> [[Need]] {
    region.times.map { scene in
      var dice = SceneDice(seed: seed, scene: scene)
      return background(&dice).parts.map { time, _ in
        Need(
          0,
          Region(
            variables: 0..<input.variables.count, times: time..<time + 1, layers: 0..<1,
            rows: 0..<input.grid.ny,
            columns: 0..<input.grid.nx))
      }
    }
  }

  func scratchBytes(for region: Region) -> Int { input.grid.count * (input.variables.count + 2) * 4 }
  func operations(for region: Region) -> Double { Double(region.times.count * input.grid.count) * 60 }
  func begin(_ region: Region) throws(StageError) -> any Work { SceneWork(self, try Block.make(region)) }

  // MARK: one scene

  /// The fields with events in them, and the label of each cell.
  func make(_ dice: inout SceneDice, _ maps: inout [[Float]]) -> (label: [Float], row: Int, column: Int) {
    var label = [Float](repeating: 0, count: cells.count)
    guard let patch else {
      var taken: [Int] = []
      let wrong = Int((decoys * Double(events)).rounded())
      let inside = max(0, min(options.margin, (min(cells.rows, cells.columns) - 1) / 2))
      let columns = cells.isPeriodic ? 0..<cells.columns : inside..<cells.columns - inside
      for index in 0..<events + wrong {
        let cell = place(&dice, inside..<cells.rows - inside, columns, &taken)
        put(cell, isEvent: index < events, &maps, &label, &dice)
      }
      return (label, 0, 0)
    }
    let rows = cells.rows - patch[0] + 1
    let columns = cells.isPeriodic ? cells.columns : cells.columns - patch[1] + 1
    let (row, column) = (dice.below(rows), dice.below(columns))
    let centre = (row + patch[0] / 2) * cells.width + (column + patch[1] / 2) % cells.columns
    let chance = dice.uniform(0...1)
    if chance < share {
      put(centre, isEvent: true, &maps, &label, &dice)
    } else if chance < share + (1 - share) * decoys {
      put(centre, isEvent: false, &maps, &label, &dice)
    }
    return (label, row, column)
  }

  /// Where an event would be, within rows and columns: away from the poles, as often in each row of the same size, and
  /// not near what is there already. The cell joins `taken` when all of this is so, which it need not be in 200 throws.
  private func place(
    _ dice: inout SceneDice, _ rows: Range<Int>, _ columns: Range<Int>, _ taken: inout [Int]
  ) -> Int {
    var cell = 0
    for _ in 0..<200 {
      let row = rows.lowerBound + dice.below(rows.count)
      cell = row * cells.width + (columns.lowerBound + dice.below(columns.count)) % cells.columns
      let y = abs(cells.place(cell).latitude)
      let fits =
        switch event {
        case .cyclone: y > 6 && y < 60
        case .river: y > 20 && y < 65
        case .front, .frontTypes: y > 22 && y < 70
        }
      let isFree = taken.allSatisfy { cells.distance($0, cell) >= options.apart }
      if fits, isFree, dice.uniform(0...1) < System.cos(y * .pi / 180) {
        taken.append(cell)
        break
      }
    }
    return cell
  }

  private func put(
    _ centre: Int, isEvent: Bool, _ maps: inout [[Float]], _ label: inout [Float], _ dice: inout SceneDice
  ) {
    switch event {
    case .cyclone: putVortex(centre, isEvent, &maps, &label, &dice)
    case .river, .front: putBand(centre, isEvent, &maps, &label, &dice)
    case .frontTypes: putFrontType(centre, isEvent, &maps, &label, &dice)
    }
  }

  private func putVortex(
    _ cell: Int, _ isEvent: Bool, _ maps: inout [[Float]], _ label: inout [Float], _ dice: inout SceneDice
  ) {
    let at = cells.place(cell)
    // The pressure deficit of best tracks (IBTrACS 1980-2024, 1012 hPa less the lowest): log-normal, median 16 hPa.
    // What is weaker is drawn again.
    var deficit = 0.0
    for _ in 0..<1000 where deficit < options.weakest { deficit = System.exp(2.8 + 0.88 * dice.normal()) }
    deficit = 100 * max(options.weakest, min(100, deficit))
    let radius = max(1.3 * spacing, dice.uniform(40...160))
    var vortex = SceneVortex(
      centre: cells.vector(cell), latitude: at.latitude, longitude: at.longitude, deficit: deficit,
      radius: radius,
      shape: dice.uniform(1.0...2.2), core: (options.core + deficit / 1000) * dice.uniform(0.7...1.6),
      vapour: dice.uniform(8...25))
    if !isEvent {
      // What looks like one in one variable or two: a cut-off low, a mountain, a dry whirl, a warm and moist spot, a heat
      // low without wind.
      func decoy(core: Double, wind: Double, pressure: Double, vapour: Double, size: Double = 1)
        -> SceneVortex
      {
        var other = SceneVortex(
          centre: vortex.centre, latitude: vortex.latitude, longitude: vortex.longitude, deficit: deficit,
          radius: radius * size, shape: vortex.shape, core: core, windShare: wind, pressureShare: pressure)
        other.vapour = vapour
        return other
      }
      switch dice.below(5) {
      case 0: vortex = decoy(core: -vortex.core, wind: 1, pressure: 1, vapour: -5)
      case 1: vortex = decoy(core: vortex.core, wind: 0, pressure: 1, vapour: 0)
      case 2: vortex = decoy(core: 0, wind: 1, pressure: 0, vapour: -8)
      case 3: vortex = decoy(core: vortex.core, wind: 0, pressure: 0, vapour: vortex.vapour)
      default: vortex = decoy(core: -vortex.core, wind: 1, pressure: 1, vapour: vortex.vapour, size: 3)
      }
    }
    let spin: Double = at.latitude < 0 ? -1 : 1
    let inflow = 20 * Double.pi / 180
    for other in 0..<cells.count where !cells.isRepeat(other) {
      let r = Sphere.distance(vortex.centre, cells.vector(other))
      guard r < 20 * radius else { continue }
      if let pressure = roles.pressure { maps[pressure][other] += Float(vortex.pressure(r) / pressureFactor) }
      if let temperature = roles.temperature { maps[temperature][other] += Float(vortex.warmth(r)) }
      if let vapour = roles.vapour {
        maps[vapour][other] = max(0, maps[vapour][other] + Float(vortex.moisture(r)))
      }
      if let u = roles.u, let v = roles.v, r > 1 {
        let here = cells.place(other)
        let east =
          Sphere.longitude(here.longitude - at.longitude, from: -180) * System.cos(here.latitude * .pi / 180)
        let angle = System.atan2(here.latitude - at.latitude, east)
        let speed = vortex.speed(r)
        // Anticlockwise in the north; inflow turns towards the centre.
        let direction = angle + spin * (Double.pi / 2 + inflow)
        maps[u][other] += Float(speed * System.cos(direction))
        maps[v][other] += Float(speed * System.sin(direction))
      }
      if isEvent, r <= labelRadius { label[other] = 1 }
    }
    if isEvent { label[cell] = 1 }
  }

  private func putBand(
    _ cell: Int, _ isEvent: Bool, _ maps: inout [[Float]], _ label: inout [Float], _ dice: inout SceneDice
  ) {
    let at = cells.place(cell)
    let centre = cells.vector(cell)
    let east = SIMD3(-System.sin(at.longitude * .pi / 180), System.cos(at.longitude * .pi / 180), 0)
    let north = ObjectShape.cross(centre, east)
    let isRiver = event == .river
    // Rivers go polewards and eastwards; the warm air of a front lies on its equatorward side.
    let pole: Double = at.latitude < 0 ? -1 : 1
    let angle = (isRiver ? dice.uniform(15...70) : dice.uniform(-50...60)) * .pi / 180 * pole
    let along = System.cos(angle) * east + System.sin(angle) * north
    let across = ObjectShape.cross(centre, along)
    let half = isRiver ? dice.uniform(1000...2500) : max(4 * spacing, dice.uniform(400...1000))
    let width = max(1.2 * spacing, isRiver ? dice.uniform(130...260) : dice.uniform(40...110))
    let band = SceneBand(
      centre: centre, along: along, across: across, half: half, width: width,
      bend: dice.uniform(-0.15...0.15) * half)
    // Decoys: moist but still, windy but dry, a broad moist or warm area; of fronts a gentle slope too.
    let kind = isEvent ? -1 : dice.below(isRiver ? 3 : 4)
    let amount = isRiver ? dice.uniform(12...30) : dice.uniform(3...8)
    let speed = dice.uniform(10...24)
    let smear = kind == 2 ? 6.0 : 1.0
    for other in 0..<cells.count where !cells.isRepeat(other) {
      guard let (x, y) = band.place(cells.vector(other)) else { continue }
      let taper =
        kind == 2 ? System.exp(-(x / (3 * width * smear)) * (x / (3 * width * smear))) : band.taper(x)
      guard taper > 1e-3 else { continue }
      let profile = System.exp(-(y / (width * smear)) * (y / (width * smear)) / 2)
      if isRiver {
        if let vapour = roles.vapour {
          let more = kind == 1 ? -0.5 * amount * profile : amount * profile
          maps[vapour][other] = max(0, maps[vapour][other] + Float(more * taper))
        }
        if let u = roles.u, let v = roles.v, kind != 0 {
          // Along the great circle of the band, in the directions of the cell.
          let here = cells.place(other)
          let e = SIMD3(-System.sin(here.longitude * .pi / 180), System.cos(here.longitude * .pi / 180), 0)
          let n = ObjectShape.cross(cells.vector(other), e)
          let value = speed * profile * taper
          maps[u][other] += Float(value * (along * e).sum())
          maps[v][other] += Float(value * (along * n).sum())
        }
      } else {
        // A step of temperature across the line, warm on the right of it in the north.
        let step = System.tanh(y / (width * (kind == 3 ? 8 : 1)))
        let warm = -pole * amount * step * System.exp(-(y / 1500) * (y / 1500)) * taper
        if let temperature = roles.temperature, kind != 1 {
          maps[temperature][other] += Float(kind == 0 || kind == 2 ? amount * profile * taper : warm)
        }
        if let u = roles.u, let v = roles.v, kind != 3 {
          // The wind turns cyclonically across the line.
          let turn = speed * 0.5 * step * System.exp(-(y / 900) * (y / 900)) * taper * pole
          maps[u][other] -= Float(turn * (along * east).sum())
          maps[v][other] -= Float(turn * (along * north).sum())
        }
        if let pressure = roles.pressure, kind != 0 {
          maps[pressure][other] -= Float(150 * profile * taper / pressureFactor)
        }
      }
      if isEvent, abs(x) <= half, abs(y) <= max(labelRadius, isRiver ? width : 0) { label[other] = 1 }
    }
    if isEvent { label[cell] = 1 }
  }

  private final class SceneWork: Work {
    let making: SceneMaking
    let result: Block
    init(_ making: SceneMaking, _ result: Block) { (self.making, self.result) = (making, result) }

    func take(_ blocks: [Block], step: Int) throws(StageError) {
      let index = result.region.times.lowerBound + step
      var dice = SceneDice(seed: making.seed, scene: index)
      let background = making.background(&dice)
      guard background.parts.count == blocks.count else { throw StageError("the scenes were given no field") }
      let region = result.region
      let (rows, width) = (making.cells.rows, making.cells.width)
      var maps = (0..<making.input.variables.count).map { variable in
        // What turns around turns the wind along with it.
        let isTurned =
          (background.turnsColumns && variable == making.roles.u)
          || (background.turnsRows && variable == making.roles.v)
        return (0..<making.cells.count).map { cell in
          let row = background.turnsRows ? rows - 1 - cell / width : cell / width
          let column = background.turnsColumns ? width - 1 - cell % width : cell % width
          var sum: Float = 0
          for (part, block) in zip(background.parts, blocks) {
            let place = block.mapOffset(variable, 0, 0) + row * width + column
            sum += block.validity[place] == 0 ? .nan : Float(part.weight) * block.values[place]
          }
          return isTurned ? -sum : sum
        }
      }
      let scene = making.make(&dice, &maps)
      let all = maps + [scene.label]
      for v in region.variables {
        var place = result.mapOffset(v - region.variables.lowerBound, step, 0)
        for row in region.rows {
          for column in region.columns {
            let i = (scene.column + column) % making.cells.columns
            let value = all[v][(scene.row + row) * making.cells.width + i]
            (result.values[place], result.validity[place]) = (value, value.isNaN ? 0 : 1)
            place += 1
          }
        }
      }
    }
    func finish() throws(StageError) -> Block { result }
  }
}
