import Grids

/// Fronts of four kinds, told apart by what moves: the classes of Biard and Kunkel (2019, Adv. Stat. Clim. Meteorol.
/// Oceanogr. 5, 147-160).
extension SceneMaking {
  enum FrontType: Int, CaseIterable, Sendable {
    case cold = 1
    case warm, stationary, occluded
    var meaning: String { "\(self)" }
  }

  /// The classes of the label.
  var classes: [String] { Self.classes(of: event) }

  static func classes(of event: Event) -> [String] {
    event == .frontTypes ? ["none"] + FrontType.allCases.map(\.meaning) : ["background", event.rawValue]
  }

  /// Puts one in: a step of temperature, or for an occluded front a tongue of warm air; the wind across the line turned
  /// towards what the kind asks for (cold: to the warm side, warm: to the cold side, stationary: none, occluded: from
  /// both sides), with a cyclonic turn of the wind along it, a trough and, with vapour, moist air ahead.
  func putFrontType(
    _ cell: Int, _ isEvent: Bool, _ maps: inout [[Float]], _ label: inout [Float], _ dice: inout SceneDice
  ) {
    let at = cells.place(cell)
    let centre = cells.vector(cell)
    let east = SIMD3(-System.sin(at.longitude * .pi / 180), System.cos(at.longitude * .pi / 180), 0)
    let north = ObjectShape.cross(centre, east)
    let pole: Double = at.latitude < 0 ? -1 : 1
    let angle = dice.uniform(-50...60) * .pi / 180 * pole
    let along = System.cos(angle) * east + System.sin(angle) * north
    let across = ObjectShape.cross(centre, along)
    let half = max(4 * spacing, dice.uniform(400...1000))
    let width = max(1.2 * spacing, dice.uniform(40...110))
    let band = SceneBand(
      centre: centre, along: along, across: across, half: half, width: width,
      bend: dice.uniform(-0.15...0.15) * half)
    let type = FrontType(rawValue: 1 + dice.below(FrontType.allCases.count)) ?? .cold
    let amount = dice.uniform(3...8), speed = dice.uniform(6...14), shear = dice.uniform(3...9)
    // Decoys: a step without its winds over a broad zone, winds that meet without a step, a dry and still warm spot.
    let kind = isEvent ? -1 : dice.below(3)
    // Towards the warm air, as a share of the direction across.
    let warmward = -pole
    // Pa.
    let depth: Double =
      switch type {
      case .cold: 200
      case .warm: 120
      case .stationary: 60
      case .occluded: 300
      }
    for other in 0..<cells.count where !cells.isRepeat(other) {
      guard let (x, y) = band.place(cells.vector(other)) else { continue }
      let taper = band.taper(x)
      guard taper > 1e-3, abs(y) < 3000 else { continue }
      let profile = System.exp(-(y / width) * (y / width) / 2)
      let step = System.tanh(y / (width * (kind == 0 ? 8 : 1)))
      if let temperature = roles.temperature, kind != 1 {
        let change =
          type == .occluded
          ? 0.8 * amount * System.exp(-(y / (1.5 * width)) * (y / (1.5 * width)) / 2)
          : warmward * amount * step * System.exp(-(y / 1500) * (y / 1500))
        maps[temperature][other] += Float(kind == 2 ? amount * profile * taper : change * taper)
      }
      if let u = roles.u, let v = roles.v, kind != 0, kind != 2 {
        let here = cells.place(other)
        let e = SIMD3(-System.sin(here.longitude * .pi / 180), System.cos(here.longitude * .pi / 180), 0)
        let n = ObjectShape.cross(cells.vector(other), e)
        // The components across and along the line, at the cell.
        let (ae, an) = ((across * e).sum(), (across * n).sum())
        let (le, ln) = ((along * e).sum(), (along * n).sum())
        let now = Double(maps[u][other]) * ae + Double(maps[v][other]) * an
        let wanted: Double =
          switch type {
          case .cold: warmward * speed
          case .warm: -warmward * speed
          case .stationary: 0
          case .occluded: -0.6 * speed * step
          }
        let share = taper * System.exp(-(y / 500) * (y / 500))
        let cross = share * (wanted - now)
        // Cyclonic: the wind along the line falls, in the north, from its right to its left.
        let turn = -pole * shear * step * System.exp(-(y / 900) * (y / 900)) * taper
        maps[u][other] += Float(cross * ae + turn * le)
        maps[v][other] += Float(cross * an + turn * ln)
      }
      if let pressure = roles.pressure, kind != 0 {
        maps[pressure][other] -= Float(depth * profile * taper / pressureFactor)
      }
      if let vapour = roles.vapour, kind < 0 {
        // Ahead of the line: on the warm side, before a warm front on the cold one.
        let ahead = type == .warm ? -warmward : warmward
        let moist = 6 * System.exp(-((y - ahead * width) / (2 * width)) * ((y - ahead * width) / (2 * width)))
        maps[vapour][other] = max(0, maps[vapour][other] + Float(moist * taper))
      }
      if isEvent, abs(x) <= half, abs(y) <= labelRadius { label[other] = Float(type.rawValue) }
    }
    if isEvent { label[cell] = Float(type.rawValue) }
  }
}
