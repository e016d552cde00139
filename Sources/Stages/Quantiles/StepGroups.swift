import Grids

/// Steps by month or season of the year, or all together.
struct StepGroups {
  /// For each step 1 to 12, 0 to 3 (DJF first), or 0.
  let keys: [Int]
  let years: [Int]

  init(_ stream: StageInputs.Stream, by: String, at mark: Mark) throws(PlanError) {
    guard let time = stream.description.time else {
      throw PlanError("`\(stream.name)` has no time axis", at: stream.mark, subject: "time")
    }
    do {
      let dates = try time.representativeDates()
      years = dates.map { by == "season" && $0.month == 12 ? $0.year + 1 : $0.year }
      switch by {
      case "month": keys = dates.map(\.month)
      case "season": keys = dates.map { $0.month % 12 / 3 }
      default: keys = dates.map { _ in 0 }
      }
    } catch {
      throw PlanError(error.cause, at: mark, subject: "time", remedy: error.remedy)
    }
  }

  /// The keys of some steps, and the steps of each.
  func restricted(to steps: Set<Int>) -> (keys: [Int], steps: [[Int]]) {
    let found = Set(steps.map { keys[$0] }).sorted()
    return (found, found.map { key in steps.filter { keys[$0] == key }.sorted() })
  }
}
