import Basics
import Compute

#if canImport(Glibc)
  import Glibc
#endif

/// One channel of a network: which numbers of a field it is, and how they become numbers of the network.
///
///     network's number = (transform(value) - mean) / deviation
public struct ModelChannel: Sendable, Hashable {
  /// A function that is applied before the mean is taken off.
  public enum Transform: String, Sendable, Hashable, CaseIterable {
    case none
    /// ln(1 + x), for amounts of rain.
    case log1p
    case sqrt

    /// NaN outside of the function's domain.
    public func apply(_ x: Double) -> Double {
      switch self {
      case .none: x
      case .log1p: x > -1 ? Glibc.log1p(x) : .nan
      case .sqrt: x.squareRoot()
      }
    }

    /// What `apply` was given; for `sqrt` numbers below 0 give 0.
    public func invert(_ y: Double) -> Double {
      switch self {
      case .none: y
      case .log1p: Glibc.expm1(y)
      case .sqrt: y > 0 ? y * y : 0
      }
    }
  }

  /// The variable's name.
  public var name: String
  /// Its CF standard name.
  public var standardName: String?
  public var longName: String?
  public var units: String?
  public var cellMethods: String?
  /// Which value of the axes between time and the horizontal ("air_pressure = 50000 Pa"); nil when there are none.
  public var layer: String?
  public var transform: Transform
  public var mean: Double
  /// Above 0.
  public var deviation: Double
  /// What the values were standardised with before they became values here; nil when they were not, or nobody knows.
  public var standardised: Standardisation?

  public struct Standardisation: Sendable, Hashable {
    public let mean: Double
    public let deviation: Double
    public init(mean: Double, deviation: Double) { (self.mean, self.deviation) = (mean, deviation) }
  }

  /// Nobody knows its units, and whoever applies the model says that they are right. Not stored.
  public var takesAnyUnits = false
  /// What the network is given where a value is missing: 0, the mean, unless values go in as they are.
  public var filler = 0.0

  public init(
    name: String, standardName: String? = nil, longName: String? = nil, units: String? = nil,
    cellMethods: String? = nil, layer: String? = nil, transform: Transform = .none, mean: Double = 0,
    deviation: Double = 1
  ) {
    (self.name, self.standardName, self.longName, self.units) = (name, standardName, longName, units)
    (self.cellMethods, self.layer) = (cellMethods, layer)
    (self.transform, self.mean, self.deviation) = (transform, mean, deviation)
  }

  /// The network's number of a value.
  /// - Parameter base: the field that the network learns the difference from.
  public func encode(_ value: Double, base: Double? = nil) -> Double {
    (transform.apply(value) - (base.map(transform.apply) ?? 0) - mean) / deviation
  }

  /// The value of a network's number: undoes `encode`.
  public func decode(_ number: Double, base: Double? = nil) -> Double {
    transform.invert(number * deviation + mean + (base.map(transform.apply) ?? 0))
  }

  /// The same channel for a network that takes values as they are: the mean fills what is missing.
  public var withoutNormalisation: ModelChannel {
    var channel = self
    channel.filler = decode(0)
    (channel.transform, channel.mean, channel.deviation) = (.none, 0, 1)
    return channel
  }

  /// For messages: `air_temperature` or `ta (air_pressure = 50000 Pa)`.
  public var title: String { (standardName ?? name) + (layer.map { " (\($0))" } ?? "") }
}

extension ModelChannel {
  var json: JSONValue {
    var entries: [(String, JSONValue)] = [("name", .string(name))]
    for (key, text) in [
      ("standard_name", standardName), ("long_name", longName), ("units", units),
      ("cell_methods", cellMethods), ("layer", layer),
    ] {
      if let text { entries.append((key, .string(text))) }
    }
    entries += [
      ("transform", .string(transform.rawValue)), ("mean", .number(mean)), ("deviation", .number(deviation)),
    ]
    if let standardised {
      entries.append(
        ("standardised", .array([.number(standardised.mean), .number(standardised.deviation)])))
    }
    return .object(entries)
  }

  init(_ json: JSONValue) throws(JSONReading.Failure) {
    let reading = JSONReading(json)
    let word = try reading.text("transform")
    guard let transform = Transform(rawValue: word) else {
      throw .init(
        "transform", expected: Transform.allCases.map(\.rawValue).joined(separator: ", "), found: word)
    }
    self.init(
      name: try reading.text("name"), standardName: json["standard_name"]?.string,
      longName: json["long_name"]?.string, units: json["units"]?.string,
      cellMethods: json["cell_methods"]?.string, layer: json["layer"]?.string, transform: transform,
      mean: try reading.finite("mean"), deviation: try reading.finite("deviation"))
    guard deviation > 0 else {
      throw .init("deviation", expected: "a number above 0", found: "\(deviation)")
    }
    if let found = json["standardised"] {
      let numbers = found.array?.compactMap(\.number) ?? []
      guard numbers.count == 2, numbers.allSatisfy(\.isFinite) else {
        throw .init("standardised", expected: "mean and deviation", found: found.text)
      }
      standardised = .init(mean: numbers[0], deviation: numbers[1])
    }
  }
}

/// Takes keys out of JSON that comes from a file.
struct JSONReading {
  /// A key whose value is not what it must be.
  struct Failure: Error {
    let key: String
    let expected: String
    let found: String
    init(_ key: String, expected: String, found: String) {
      (self.key, self.expected, self.found) = (key, expected, printable(found, limit: 80))
    }
  }

  let json: JSONValue
  init(_ json: JSONValue) { self.json = json }

  func value(_ key: String, _ expected: String) throws(Failure) -> JSONValue {
    guard let value = json[key] else { throw Failure(key, expected: expected, found: "nothing") }
    return value
  }
  func text(_ key: String) throws(Failure) -> String {
    let value = try value(key, "a text")
    guard let text = value.string else { throw Failure(key, expected: "a text", found: value.kind) }
    return text
  }
  func finite(_ key: String) throws(Failure) -> Double {
    let value = try value(key, "a finite number")
    guard let number = value.number, number.isFinite else {
      throw Failure(key, expected: "a finite number", found: value.text)
    }
    return number
  }
  func integer(_ key: String) throws(Failure) -> Int {
    let value = try value(key, "an integer")
    guard let number = value.integer else { throw Failure(key, expected: "an integer", found: value.text) }
    return number
  }
  func list(_ key: String) throws(Failure) -> [JSONValue] {
    let value = try value(key, "a list")
    guard let list = value.array else { throw Failure(key, expected: "a list", found: value.kind) }
    return list
  }
  /// Counts from 1.
  func extents(_ key: String) throws(Failure) -> [Int] {
    var extents: [Int] = []
    for element in try list(key) {
      guard let extent = element.integer, extent >= 1 else {
        throw Failure(key, expected: "counts from 1", found: element.text)
      }
      extents.append(extent)
    }
    return extents
  }
  func channels(_ key: String) throws(Failure) -> [ModelChannel] {
    var channels: [ModelChannel] = []
    for (index, element) in try list(key).enumerated() {
      do throws(Failure) { channels.append(try ModelChannel(element)) } catch {
        throw Failure("\(key)[\(index)].\(error.key)", expected: error.expected, found: error.found)
      }
    }
    return channels
  }
}
