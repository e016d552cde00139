/// `[first, last]` by index: from 0, the last included, negative from the end.
enum IndexRange {
  static func read(
    _ arguments: Arguments, _ key: String, count: Int, what: String
  ) throws(PlanError) -> Range<Int>? {
    guard let value = arguments.value(key) else { return nil }
    let list = arguments.list(key) ?? []
    let ends = list.compactMap(\.integer)
    guard ends.count == list.count, ends.count == 1 || ends.count == 2 else {
      throw PlanError(
        "`\(key)` needs the first and the last index", at: value.mark, remedy: "e.g. `\(key): [0, 9]`")
    }
    func index(_ i: Int, _ mark: Mark) throws(PlanError) -> Int {
      let position = i < 0 ? i.addingReportingOverflow(count).partialValue : i
      guard (0..<count).contains(position) else {
        throw PlanError(
          "`\(key)`: there is no \(what) \(i)", at: mark, remedy: "there are \(count): 0 to \(count - 1)")
      }
      return position
    }
    let first = try index(ends[0], list[0].mark)
    let last = try index(ends[ends.count - 1], list[list.count - 1].mark)
    guard first <= last else {
      throw PlanError("`\(key)`: the first \(what) comes after the last", at: value.mark)
    }
    return first..<last + 1
  }
}

/// Two finite numbers of a key.
func numberPair(_ arguments: Arguments, _ key: String, example: String) throws(PlanError) -> (Double, Double)?
{
  guard let value = arguments.value(key) else { return nil }
  let list = arguments.list(key) ?? []
  let numbers = list.compactMap(\.number)
  guard list.count == 2, numbers.count == 2 else {
    throw PlanError("`\(key)` needs two numbers", at: value.mark, remedy: "e.g. `\(key): \(example)`")
  }
  return (numbers[0], numbers[1])
}
