import Basics
import Grids
import Stages

/// Lists of objects as text: CSV, GeoJSON, the format of TempestExtremes.
struct ListText {
  let list: ListOutput
  let objects: [FoundObject]
  /// The date of each step; nil without time.
  let dates: [CFDate]?
  let width: Int

  init(_ list: ListOutput) throws(GridError) {
    self.list = list
    objects = list.listing.found.all
    width = max(1, list.description.grid.nx)
    if let time = list.description.time {
      let reference = try time.reference()
      var dates: [CFDate] = []
      for value in time.values { dates.append(try reference.date(value)) }
      self.dates = dates
    } else {
      dates = nil
    }
  }

  var text: String {
    switch list.form {
    case .csv: csv
    case .geoJSON: geoJSON
    case .text, .netCDF: tempest
    }
  }

  private var columns: [ListColumn] { list.listing.columns }
  private var idName: String { list.listing.isTracks ? "track_id" : "number" }

  /// The shortest text of the number as float32, which is what the fields hold.
  private func number(_ value: Double) -> String {
    guard value.isFinite else { return "" }
    if abs(value) < 1e7, let whole = Int(exactly: value) { return "\(whole)" }
    return "\(Float(value))"
  }

  /// Tracks one after the other; else in the order of time.
  private var ordered: [FoundObject] {
    guard list.listing.isTracks else { return objects }
    return objects.sorted { ($0.number, $0.time) < ($1.number, $1.time) }
  }

  private var tracks: [[FoundObject]] {
    var tracks: [[FoundObject]] = []
    for object in ordered {
      if tracks.last?.first?.number == object.number {
        tracks[tracks.count - 1].append(object)
      } else {
        tracks.append([object])
      }
    }
    return tracks
  }

  private var csv: String {
    var text = ([idName, "time", "lon", "lat"] + columns.map(\.name)).joined(separator: ",") + "\n"
    for object in ordered {
      // UTC, without a zone: pandas and numpy have none.
      let date = dates.map { String($0[object.time].iso.dropLast()) } ?? ""
      text +=
        (["\(object.number)", date, number(object.longitude), number(object.latitude)]
        + object.values.map(number)).joined(separator: ",") + "\n"
    }
    return text
  }

  /// StitchNodes: `start`, number of points, year, month, day, hour; then a line for each point with column, row,
  /// longitude, latitude, numbers, date. DetectNodes: a line for each time, then its centres.
  private var tempest: String {
    func words(_ object: FoundObject) -> [String] {
      let cell = Int(object.cells.first ?? 0)
      return [
        "\(cell % width)", "\(cell / width)", String(object.longitude.rounded6),
        String(object.latitude.rounded6),
      ]
        + object.values.map { $0.isFinite ? "\(Float($0))" : "NaN" }
    }
    func date(_ object: FoundObject) -> (day: [String], hour: String) {
      guard let date = dates?[object.time] else { return (["0", "0", "0"], "0") }
      return (["\(date.year)", "\(date.month)", "\(date.day)"], "\(date.hour)")
    }
    var text = ""
    if list.listing.isTracks {
      for track in tracks {
        let start = date(track[0])
        text += (["start", "\(track.count)"] + start.day + [start.hour]).joined(separator: "\t") + "\n"
        for point in track {
          let at = date(point)
          text += "\t" + (words(point) + at.day + [at.hour]).joined(separator: "\t") + "\n"
        }
      }
    } else {
      var rest = objects[...]
      while let first = rest.first {
        let same = rest.prefix { $0.time == first.time }
        rest = rest.dropFirst(same.count)
        let at = date(first)
        text += (at.day + ["\(same.count)", at.hour]).joined(separator: "\t") + "\n"
        for object in same { text += "\t" + words(object).joined(separator: "\t") + "\n" }
      }
    }
    return text
  }

  /// RFC 7946: longitudes from -180 to 180; a line that crosses the date line is cut there.
  private var geoJSON: String {
    func literal(_ value: Double) -> JSONValue {
      let text = number(value)
      return text.isEmpty ? .null : .literal(text)
    }
    func turned(_ longitude: Double) -> Double { Sphere180.wrap(longitude) }
    func position(_ longitude: Double, _ latitude: Double) -> JSONValue {
      .array([literal(longitude.rounded6), literal(latitude.rounded6)])
    }
    func when(_ object: FoundObject) -> JSONValue { dates.map { .string($0[object.time].iso) } ?? .null }
    func feature(_ geometry: JSONValue, _ properties: [(String, JSONValue)]) -> JSONValue {
      .object([("type", .string("Feature")), ("geometry", geometry), ("properties", .object(properties))])
    }
    func point(_ object: FoundObject) -> JSONValue {
      .object([
        ("type", .string("Point")), ("coordinates", position(turned(object.longitude), object.latitude)),
      ])
    }
    var features: [JSONValue] = []
    if list.listing.isTracks {
      for track in tracks {
        let geometry: JSONValue
        if track.count == 1 {
          geometry = point(track[0])
        } else {
          var lines: [[JSONValue]] = [[]]
          var before: (x: Double, y: Double)?
          for object in track {
            let (x, y) = (turned(object.longitude), object.latitude)
            if let before, abs(x - before.x) > 180 {
              let edge = before.x > 0 ? 180.0 : -180.0
              let span = x + 2 * edge - before.x
              let share = span == 0 ? 0 : (edge - before.x) / span
              let crossing = before.y + share * (y - before.y)
              lines[lines.count - 1].append(position(edge, crossing))
              lines.append([position(-edge, crossing)])
            }
            lines[lines.count - 1].append(position(x, y))
            before = (x, y)
          }
          let parts = lines.filter { $0.count > 1 }.map { JSONValue.array($0) }
          geometry = .object([
            ("type", .string(parts.count == 1 ? "LineString" : "MultiLineString")),
            ("coordinates", parts.count == 1 ? parts[0] : .array(parts)),
          ])
        }
        var properties: [(String, JSONValue)] = [
          (idName, .integer(track[0].number)), ("kind", .string(list.listing.noun)),
          ("time", .array(track.map(when))),
        ]
        for (index, column) in columns.enumerated() {
          properties.append((column.name, .array(track.map { literal($0.values[index]) })))
        }
        features.append(feature(geometry, properties))
      }
    } else {
      for object in objects {
        var properties: [(String, JSONValue)] = [
          (idName, .integer(object.number)), ("kind", .string(list.listing.noun)), ("time", when(object)),
        ]
        for (index, column) in columns.enumerated() {
          properties.append((column.name, literal(object.values[index])))
        }
        features.append(feature(point(object), properties))
      }
    }
    let lines = features.map(\.text).joined(separator: ",\n")
    return "{\"type\": \"FeatureCollection\", \"features\": [" + (lines.isEmpty ? "" : "\n\(lines)\n")
      + "]}\n"
  }
}

private enum Sphere180 {
  /// Brought to -180 ... 180.
  static func wrap(_ longitude: Double) -> Double { longitude.remainder(dividingBy: 360) }
}

extension Double {
  /// To a millionth, which is 0.1 m in degrees.
  fileprivate var rounded6: Double { (self * 1e6).rounded() / 1e6 }
}
