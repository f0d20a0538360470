#pragma once

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace lanewise::tests {

/// A JSON value, as far as the cases files need it: escapes other than \" and \\ do not occur in them.
struct Json {
  enum class Kind { null, number, text, list, object } kind = Kind::null;
  double number = 0;
  std::string text;
  std::vector<Json> list;
  std::map<std::string, Json> members;

  bool has(const std::string& name) const { return members.count(name) != 0; }
  const Json& at(const std::string& name) const { return members.at(name); }
};

class JsonReader {
 public:
  explicit JsonReader(const std::string& source) : source_(source) {}

  Json read() {
    skipSpace();
    const char next = peek();
    if (next == '{') return readObject();
    if (next == '[') return readList();
    Json value;
    if (next == '"') {
      value.kind = Json::Kind::text;
      value.text = readText();
    } else if (source_.compare(at_, 4, "null") == 0) {
      at_ += 4;
    } else {
      value.kind = Json::Kind::number;
      value.number = readNumber();
    }
    return value;
  }

 private:
  char peek() const {
    if (at_ >= source_.size()) throw std::runtime_error("the JSON ends too early");
    return source_[at_];
  }

  void skipSpace() { at_ = source_.find_first_not_of(" \n\r\t", at_); }

  /// Consumes `expected` if it comes next.
  bool take(char expected) {
    skipSpace();
    if (peek() != expected) return false;
    at_++;
    return true;
  }

  void demand(char expected) {
    if (!take(expected)) throw std::runtime_error(std::string("the JSON lacks a ") + expected);
  }

  Json readObject() {
    Json value;
    value.kind = Json::Kind::object;
    demand('{');
    if (take('}')) return value;
    do {
      skipSpace();
      const std::string name = readText();
      demand(':');
      value.members.emplace(name, read());
    } while (take(','));
    demand('}');
    return value;
  }

  Json readList() {
    Json value;
    value.kind = Json::Kind::list;
    demand('[');
    if (take(']')) return value;
    do value.list.push_back(read());
    while (take(','));
    demand(']');
    return value;
  }

  std::string readText() {
    demand('"');
    std::string text;
    while (peek() != '"') {
      if (peek() == '\\') at_++;
      text += peek();
      at_++;
    }
    at_++;
    return text;
  }

  double readNumber() {
    char* end = nullptr;
    const double number = std::strtod(source_.c_str() + at_, &end);
    if (end == source_.c_str() + at_) throw std::runtime_error("the JSON has something that is no value");
    at_ = static_cast<std::size_t>(end - source_.c_str());
    return number;
  }

  const std::string& source_;
  std::size_t at_ = 0;
};

}  // namespace lanewise::tests
