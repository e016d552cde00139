import Basics
import GridFiles
import Grids

/// The NetCDF form of IBTrACS (v04; Knapp et al. 2010, Bull. Amer. Meteor. Soc. 91, 363-376): a row of each variable for
/// each storm, as long as that of the longest, filled up with missing values.
extension BestTracks {
  /// Elements of `lat` that are read at most: ten times the whole archive.
  static let elementLimit = 1 << 26

  /// What stands in such a file, as it is stored.
  private struct Stored: Sendable {
    var storms = 0
    var steps = 0
    var names: [String] = []
    var latitudes: [Double] = []
    var longitudes: [Double] = []
    /// Missing values are not finite.
    var times: [Double] = []
    var units = ""
    var calendar = "standard"
    /// `iso_time`: so many bytes for each element; empty: there is no such variable.
    var text: [UInt8] = []
    var textLength = 0
  }

  /// - Throws: `StageError` naming the variable that is missing or has another form.
  init(netCDF path: String, calendar: CFCalendar) throws(StageError) {
    let outcome = OwnThread.run { () async -> Result<Stored, StageError> in
      do throws(StageError) { return .success(try await Self.stored(path)) } catch { return .failure(error) }
    }
    guard let outcome else { throw StageError("`\(path)` was not read", subject: path) }
    try self.init(try outcome.get(), path, calendar)
  }

  private static func stored(_ path: String) async throws(StageError) -> Stored {
    do throws(FileError) {
      let file = try await SourceFile.open(path)
      let variables = file.header.root.variables
      func find(_ names: [String]) -> Variable? {
        names.lazy.compactMap { name in variables.first { $0.name.lowercased() == name } }.first
      }
      func need(_ names: [String]) throws(FileError) -> Variable {
        if let found = find(names) { return found }
        throw FileError(
          .refused, path: path, "it has no variable \(names.joined(separator: " or "))",
          remedy: "best tracks are IBTrACS' NetCDF files, or CSV files")
      }
      func refused(_ variable: Variable, _ why: String) -> FileError {
        FileError(.refused, path: path, subject: variable.name, why)
      }
      var stored = Stored()
      let (latitude, longitude) = (try need(["lat", "latitude"]), try need(["lon", "longitude"]))
      guard latitude.extents.count == 2, longitude.extents == latitude.extents else {
        throw refused(latitude, "latitude and longitude have no axes (storm, date_time)")
      }
      guard latitude.count <= elementLimit else {
        throw refused(latitude, "it has \(latitude.count) elements, \(elementLimit) are read at most")
      }
      (stored.storms, stored.steps) = (latitude.extents[0], latitude.extents[1])
      stored.latitudes = try await values(latitude, file)
      stored.longitudes = try await values(longitude, file)
      let id = try need(["sid", "track_id"])
      guard id.extents.first == stored.storms else { throw refused(id, "it has no axis (storm)") }
      if id.type.isNumeric {
        guard id.extents.count == 1 else { throw refused(id, "it has axes besides (storm)") }
        stored.names = try await file.readDoubles(id).map(\.plain)
      } else {
        stored.names = try await file.readStrings(id).map { name in
          String(name.prefix { $0 != " " && $0 != "\0" })
        }
      }
      guard stored.names.count == stored.storms else {
        throw refused(id, "it has not one name for each storm")
      }
      if let iso = find(["iso_time"]), iso.type == .char, iso.extents.count == 3,
        Array(iso.extents.dropLast()) == latitude.extents, iso.extents[2] >= 10
      {
        stored.textLength = iso.extents[2]
        stored.text = try await file.readBytes(iso)
        return stored
      }
      let time = try need(["time"])
      guard time.extents == latitude.extents, time.type.isNumeric else {
        throw refused(time, "its axes are not those of the latitude")
      }
      guard let units = time.attributes["units"]?.text else { throw refused(time, "it has no units") }
      stored.units = units
      stored.calendar = time.attributes["calendar"]?.text ?? "standard"
      stored.times = try await values(time, file)
      return stored
    } catch {
      throw StageError(error)
    }
  }

  /// Numbers of a variable; what is missing is NaN.
  private static func values(_ variable: Variable, _ file: SourceFile) async throws(FileError) -> [Double] {
    guard variable.type.isNumeric else {
      throw FileError(.refused, path: file.header.path, subject: variable.name, "it holds no numbers")
    }
    var numbers = try await file.readDoubles(variable)
    let missing = ["_FillValue", "missing_value"].flatMap { variable.attributes[$0]?.numbers ?? [] }
    let scale = variable.attributes["scale_factor"]?.number ?? 1
    let offset = variable.attributes["add_offset"]?.number ?? 0
    for index in numbers.indices {
      numbers[index] = missing.contains(numbers[index]) ? .nan : numbers[index] * scale + offset
    }
    return numbers
  }

  private init(_ stored: Stored, _ path: String, _ calendar: CFCalendar) throws(StageError) {
    var reference: TimeReference?
    if stored.text.isEmpty {
      guard let own = CFCalendar(cfName: stored.calendar) else {
        throw StageError("\(path): `\(stored.calendar)` is no calendar", subject: "time")
      }
      do throws(GridError) { reference = try TimeReference(stored.units, calendar: own) } catch {
        throw StageError("\(path): \(error.cause)", subject: "time", remedy: error.remedy)
      }
    }
    for storm in 0..<stored.storms {
      var number: Int?
      for step in 0..<stored.steps {
        let place = storm * stored.steps + step
        let (y, x) = (stored.latitudes[place], stored.longitudes[place])
        guard (-90...90).contains(y), (-720...720).contains(x) else { continue }
        let ticks: Int64?
        if let reference {
          let value = stored.times[place]
          guard value.isFinite else { continue }
          ticks = (try? reference.date(value)).flatMap { calendar.microseconds($0) }
        } else {
          let from = place * stored.textLength
          let text = String(
            decoding: stored.text[from..<from + stored.textLength].prefix { $0 != 0 }, as: UTF8.self)
          if text.allSatisfy({ $0 == " " }) { continue }
          ticks = CFDate(text, calendar: calendar).flatMap { calendar.microseconds($0) }
        }
        guard let ticks else {
          throw StageError(
            "\(path): the time of point \(step + 1) of `\(stored.names[storm])` is no date", subject: path)
        }
        let track = number ?? names.count
        if number == nil { names.append(stored.names[storm]) }
        number = track
        points.append(Point(track: track, ticks: ticks, latitude: y, longitude: x))
      }
    }
    guard !points.isEmpty else { throw StageError("`\(path)` has no point", subject: path) }
  }
}
