/// "Did you mean": the known name that is nearest to a mistyped one.
package enum Suggestion {
  /// The nearest of the candidates, when it is near enough to be a slip: a third of its letters at most.
  package static func nearest(to name: String, among candidates: [String]) -> String? {
    let wanted = Array(name.lowercased().utf8)
    guard wanted.count <= 128 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates.sorted() {
      let letters = Array(candidate.lowercased().utf8)
      guard letters.count <= 128, abs(letters.count - wanted.count) <= 3 else { continue }
      let distance = distance(wanted, letters)
      if distance * 3 <= max(wanted.count, 3), distance < (best?.distance ?? .max) {
        best = (candidate, distance)
      }
    }
    return best?.name
  }

  /// "did you mean `x`? there is: a, b" for an error's remedy.
  package static func remedy(for name: String, among candidates: [String]) -> String {
    let list = "there is " + (candidates.isEmpty ? "nothing" : candidates.joined(separator: ", "))
    guard let nearest = nearest(to: name, among: candidates) else { return list }
    return "did you mean `\(nearest)`? \(list)"
  }

  /// Edits (insertion, deletion, replacement, swap of neighbours) between two texts.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var before = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var current = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        let replace = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        current[j] = min(replace, previous[j] + 1, current[j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], before[j - 2] + 1)
        }
      }
      (before, previous) = (previous, current)
    }
    return previous[b.count]
  }
}
