/// The operators that are read, by their names in files.
let operatorsByName: [String: any OnnxOperator.Type] = Dictionary(
  allOperators.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

/// Where each operator of ours is written, by its name.
let writersByName: [String: any OnnxWriting.Type] = {
  let all: [any OnnxWriting.Type] = allOperators + allCompositions
  return Dictionary(
    all.flatMap { writer in writer.writes.map { ($0.name, writer) } }, uniquingKeysWith: { first, _ in first }
  )
}()

extension OnnxModel {
  /// The names of the operators that are read, in alphabetical order.
  public static var operatorsRead: [String] { allOperators.map { $0.name }.sorted() }
  /// The names of the operators that one of ours is written as, in alphabetical order.
  public static var operatorsWritten: [String] {
    allOperators.filter { !$0.writes.isEmpty }.map { $0.name }.sorted()
  }
}
