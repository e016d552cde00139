import Tensors

/// What is put into real fields: everything is a function of the distance and direction from a centre.
///
/// A vortex has Holland's profile (1980, Mon. Wea. Rev. 108, 1212-1218): p = pc + D exp(-(R / r)^B), with the gradient
/// wind v = (B D / rho (R / r)^B exp(-(R / r)^B) + (r f / 2)^2)^1/2 - r |f| / 2, turned inwards by 20 degrees.
struct SceneVortex {
  let centre: SIMD3<Double>
  let latitude: Double
  let longitude: Double
  /// D in Pa, R in km, B.
  let deficit: Double
  let radius: Double
  let shape: Double
  /// K at the centre: above 0 a warm core.
  let core: Double
  /// The share of the wind that is there, and of the pressure: decoys lack one or the other.
  var windShare = 1.0
  var pressureShare = 1.0
  /// kg m-2 of water vapour at the centre.
  var vapour = 0.0

  static let density = 1.15

  func pressure(_ r: Double) -> Double {
    -pressureShare * deficit * (1 - System.exp(-System.pow(radius / max(r, 1), shape)))
  }

  func speed(_ r: Double) -> Double {
    let x = System.pow(radius / max(r, 1), shape)
    let f = abs(2 * 7.292e-5 * System.sin(latitude * .pi / 180))
    let half = max(r, 1) * 1000 * f / 2
    let v = (shape * deficit / Self.density * x * System.exp(-x) + half * half).squareRoot() - half
    // Beyond ten radii the vortex gives way to the flow around it.
    return windShare * v * System.exp(-(r / (12 * radius)) * (r / (12 * radius)))
  }

  func warmth(_ r: Double) -> Double { core * System.exp(-(r / (2.5 * radius)) * (r / (2.5 * radius)) / 2) }
  func moisture(_ r: Double) -> Double { vapour * System.exp(-(r / (4 * radius)) * (r / (4 * radius)) / 2) }
}

/// A band along a great circle through a centre: a filament of vapour, or the edge of an air mass.
struct SceneBand {
  let centre: SIMD3<Double>
  /// Unit vectors at the centre, along the band and to its left.
  let along: SIMD3<Double>
  let across: SIMD3<Double>
  /// km: half the length, and the scale of the profile across.
  let half: Double
  let width: Double
  /// How much it curves: km to the left at a distance of `half`.
  let bend: Double

  /// km along and across; nil on the other side of the Earth.
  func place(_ v: SIMD3<Double>) -> (along: Double, across: Double)? {
    guard (v * centre).sum() > 0 else { return nil }
    let x = System.atan2((v * along).sum(), (v * centre).sum()) * SphereCells.radius
    let y = System.asin(max(-1, min(1, (v * across).sum()))) * SphereCells.radius
    return (x, y - bend * (x / half) * (x / half))
  }

  /// 1 within the band's length, falling to 0 at its ends.
  func taper(_ x: Double) -> Double {
    let over = (abs(x) - half) / (0.2 * half)
    return over <= 0 ? 1 : System.exp(-over * over)
  }
}

/// Random numbers of one scene, one after the other.
struct SceneDice {
  private let stream: RandomStream
  private var index: UInt64 = 0
  init(seed: UInt64, scene: Int) { stream = RandomStream(seed: seed, stream: UInt64(scene) &+ 0x5CE7E) }
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    index += 1
    return range.lowerBound + (range.upperBound - range.lowerBound) * stream.double(at: index * 2)
  }
  mutating func normal() -> Double {
    index += 1
    return stream.normal(at: index * 2)
  }
  mutating func below(_ count: Int) -> Int {
    index += 1
    return Int(stream.integer(below: UInt64(max(1, count)), at: index * 2))
  }
}
