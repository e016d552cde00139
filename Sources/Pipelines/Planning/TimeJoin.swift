import Grids
import Stages

/// Joins the time axes of files that follow one another.
struct TimeJoin {
  /// The joined axis; the pieces' places in it, in the order in which they were given.
  let axis: TimeAxis
  let places: [Range<Int>]

  /// A fault between two pieces.
  struct Conflict: Error {
    let piece: Int
    let cause: String
    let remedy: String?
  }

  /// - Parameter pieces: the time axis of each file and the file's name.
  init(_ pieces: [(axis: TimeAxis, file: String)]) throws(Conflict) {
    guard let first = pieces.first else { throw Conflict(piece: 0, cause: "no file", remedy: nil) }
    var axes: [TimeAxis] = []
    for (index, piece) in pieces.enumerated() {
      guard piece.axis.calendar == first.axis.calendar else {
        throw Conflict(
          piece: index,
          cause: "two calendars: \(piece.axis.calendar.rawValue), while \(first.file) has "
            + first.axis.calendar.rawValue,
          remedy: "dates of two calendars cannot be joined; make an input of each")
      }
      guard (piece.axis.bounds == nil) == (first.axis.bounds == nil) else {
        throw Conflict(
          piece: index, cause: "only some of the files have time bounds, compare \(first.file)", remedy: nil)
      }
      guard piece.axis.isClimatology == first.axis.isClimatology else {
        throw Conflict(
          piece: index, cause: "a climatology cannot be joined with \(first.file), which is none", remedy: nil
        )
      }
      do throws(GridError) {
        axes.append(try piece.axis.counted(in: first.axis.units))
      } catch {
        throw Conflict(piece: index, cause: error.cause, remedy: error.remedy)
      }
    }
    let order = pieces.indices.sorted {
      (axes[$0].values.first ?? 0, $0) < (axes[$1].values.first ?? 0, $1)
    }
    var joined = first.axis
    joined.values = []
    joined.bounds = first.axis.bounds == nil ? nil : []
    var places = Array(repeating: 0..<0, count: pieces.count)
    for index in order {
      let axis = axes[index]
      if let last = joined.values.last, let next = axis.values.first, next <= last {
        throw Conflict(
          piece: index, cause: "its times overlap with those of another file of the input",
          remedy: "give each time once")
      }
      let start = joined.values.count
      joined.values += axis.values
      if let bounds = axis.bounds { joined.bounds?.append(contentsOf: bounds) }
      places[index] = start..<joined.values.count
    }
    if pieces.count > 1 {
      for index in joined.values.indices.dropFirst() where !(joined.values[index] > joined.values[index - 1])
      {
        let piece = places.firstIndex { $0.contains(index) } ?? 0
        throw Conflict(piece: piece, cause: "its times do not increase", remedy: "sort the file by time")
      }
    }
    (self.axis, self.places) = (joined, places)
  }
}

extension TimeAxis {
  /// The same instants, counted in other units of the same calendar.
  func counted(in other: String) throws(GridError) -> TimeAxis {
    if units == other { return self }
    let from = try TimeReference(units, calendar: calendar)
    let to = try TimeReference(other, calendar: calendar)
    var result = self
    result.units = other
    for index in values.indices { result.values[index] = try to.value(ticks: try from.ticks(values[index])) }
    if var bounds {
      for index in bounds.indices { bounds[index] = try to.value(ticks: try from.ticks(bounds[index])) }
      result.bounds = bounds
    }
    return result
  }
}
