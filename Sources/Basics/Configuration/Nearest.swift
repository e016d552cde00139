/// The name that a misspelt one most likely means; nil when none is near.
package func nearest(_ name: String, in names: some Sequence<String>) -> String? {
  let limit = max(1, name.count / 3)
  return names.map { ($0, editDistance(name.lowercased(), $0.lowercased(), limit: limit)) }
    .filter { $0.1 <= limit }.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
}

/// The remedy for a name that is not known.
package func suggestion(_ name: String, in names: [String], what: String) -> String? {
  if let near = nearest(name, in: names) { return "did you mean `\(near)`?" }
  guard !names.isEmpty, names.count <= 20 else { return nil }
  return "\(what): " + names.joined(separator: ", ")
}

/// Damerau-Levenshtein distance with neighbouring swaps (optimal string alignment); above `limit` any number
/// above it.
package func editDistance(_ a: String, _ b: String, limit: Int) -> Int {
  let (a, b) = (Array(a.unicodeScalars.prefix(256)), Array(b.unicodeScalars.prefix(256)))
  guard abs(a.count - b.count) <= limit else { return limit + 1 }
  var (older, old) = ([Int](), Array(0...b.count))
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var best = min(old[j] + (a[i] == b[j] ? 0 : 1), old[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, older[j - 1] + 1) }
      row.append(best)
    }
    (older, old) = (old, row)
  }
  return old[b.count]
}
