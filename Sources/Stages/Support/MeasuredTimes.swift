import Grids

/// The times that a score is measured on (`times`), and those that its threshold is chosen on (`choose`): never the
/// same.
struct MeasuredTimes {
  /// Steps of the stream; nil without `choose`.
  let chosen: [Int]?
  let measured: [Int]

  /// - Parameter count: steps of the stream, which are measured where `times` does not say.
  init(_ arguments: Arguments, _ stream: StageInputs.Stream, count: Int) throws(PlanError) {
    func steps(_ key: String) throws(PlanError) -> [Int]? {
      guard arguments.value(key) != nil else { return nil }
      return try TimeSelection(arguments.part(key)).indices(of: stream)
    }
    chosen = try steps("choose")
    let wanted = try steps("times")
    let taken = Set(chosen ?? [])
    if let both = wanted?.first(where: taken.contains) {
      throw PlanError(
        "time step \(both + 1) is in `choose` and in `times`", at: arguments.mark("times"),
        remedy: "nothing is measured on what the threshold is chosen on")
    }
    measured = (wanted ?? Array(0..<count)).filter { !taken.contains($0) }
    guard !measured.isEmpty else {
      throw PlanError("there are no times to measure", at: arguments.mark("times"))
    }
  }
}
