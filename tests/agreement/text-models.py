"""Golden values of texts as sparse vectors, naive Bayes and logistic regression on them, by scikit-learn.

    python tests/agreement/text-models.py ../shared/data/sms_spam/sms.tsv

writes tests/fixtures/text-models.json, of a few messages that stand in it, and tests/fixtures/sms-spam.json, of all of
them, which `.ci/text.mjs` reads beside the same file. The messages are of the SMS Spam Collection (Almeida and Hidalgo 2011, CC BY 4.0).
"""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB

ODD = [
    "The cat sat on the mat; the CAT purred.",
    "Ünïcode Straße ΣΊΣΥΦΟΣ İstanbul naïve_name x1 42 ½ ٤٢",
    "日本語 テキスト 猫 と 犬",
    "a b c d",
    "",
    "tabs\tand\nnew  lines\u00a0and   spaces",
    "emoji 😀😀 family 👩‍👩‍👧 𝒜𝒷𝒸",
    "don't can't it's e-mail foo.bar@example.com",
    "cat cat cat dog",
    "cafe\u0301 combining",
]


def entries(matrix):
    matrix = matrix.tocsr()
    matrix.sort_indices()
    return {
        "offsets": matrix.indptr.tolist(),
        "indices": matrix.indices.tolist(),
        "values": matrix.data.astype(float).tolist(),
    }


def vectorizers():
    """Our parameters, and scikit-learn's vectorizer with the same."""
    yield "tf-idf", {}, TfidfVectorizer()
    yield "tf-idf", {"sublinearTf": True, "smoothIdf": False, "norm": "l1"}, TfidfVectorizer(
        sublinear_tf=True, smooth_idf=False, norm="l1"
    )
    yield "tf-idf", {"useIdf": False, "binary": True, "norm": "none", "lowercase": False}, TfidfVectorizer(
        use_idf=False, binary=True, norm=None, lowercase=False
    )
    yield "tf-idf", {"ngramMin": 1, "ngramMax": 3, "stopWords": ["the", "on"]}, TfidfVectorizer(
        ngram_range=(1, 3), stop_words=["the", "on"]
    )
    yield "term-counts", {"minDf": 2}, CountVectorizer(min_df=2)
    yield "term-counts", {"maxDf": 0.15, "minDf": 0.05}, CountVectorizer(max_df=0.15, min_df=0.05)
    yield "term-counts", {"analyzer": "char", "ngramMin": 2, "ngramMax": 3}, CountVectorizer(
        analyzer="char", ngram_range=(2, 3)
    )
    yield "term-counts", {"analyzer": "char_wb", "ngramMin": 3, "ngramMax": 5}, CountVectorizer(
        analyzer="char_wb", ngram_range=(3, 5)
    )
    yield "hashed-terms", {"nFeatures": 64}, HashingVectorizer(n_features=64)
    yield "hashed-terms", {"nFeatures": 1000, "alternateSign": False, "norm": "l1", "ngramMax": 2}, HashingVectorizer(
        n_features=1000, alternate_sign=False, norm="l1", ngram_range=(1, 2)
    )


def read_messages(path):
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file][1:]
    spam = [text for label, text in rows if label == "spam"]
    ham = [text for label, text in rows if label == "ham"]
    train = [(text, "spam") for text in spam[:50]] + [(text, "ham") for text in ham[:90]]
    test = spam[50:60] + ham[90:100]
    return train, test


def bayes(texts, labels, held, weights):
    """On tf-idf; probabilities of the classes of texts that were held out."""
    vectorizer = TfidfVectorizer()
    x, new = vectorizer.fit_transform(texts), vectorizer.transform(held)
    models = [
        ("multinomial-naive-bayes", {}, MultinomialNB()),
        ("multinomial-naive-bayes", {"alpha": 0.1, "fitPrior": False}, MultinomialNB(alpha=0.1, fit_prior=False)),
        ("multinomial-naive-bayes", {"alpha": 0, "forceAlpha": False, "classPrior": [0.25, 0.75]}, MultinomialNB(
            alpha=0, force_alpha=False, class_prior=[0.25, 0.75]
        )),
        ("complement-naive-bayes", {}, ComplementNB()),
        ("complement-naive-bayes", {"norm": True, "alpha": 0.5}, ComplementNB(norm=True, alpha=0.5)),
        ("bernoulli-naive-bayes", {}, BernoulliNB()),
        ("bernoulli-naive-bayes", {"alpha": 0.2, "fitPrior": False}, BernoulliNB(alpha=0.2, fit_prior=False)),
    ]
    for name, parameters, model in models:
        for weighted in (False, True):
            model.fit(x, labels, sample_weight=weights if weighted else None)
            yield {
                "model": name,
                "parameters": parameters,
                "weighted": weighted,
                "probabilities": model.predict_proba(new).tolist(),
            }


def dense_bayes():
    """On numbers: three classes, one column constant within a class."""
    random = np.random.default_rng(5)
    n = 60
    y = np.arange(n) % 3
    x = np.round(random.normal(size=(n, 4)) + y[:, None] * [1, 0.5, 0, 2], 3)
    x[y == 1, 2] = 0.25
    weights = random.integers(1, 4, n)
    new = np.round(random.normal(size=(12, 4)) + 1, 3)
    counts, new_counts = np.round(np.abs(x) * 3), np.round(np.abs(new) * 3)
    cases = []
    for name, parameters, model, rows, held in [
        ("gaussian-naive-bayes", {}, GaussianNB(), x, new),
        ("gaussian-naive-bayes", {"varSmoothing": 0.01, "priors": [0.2, 0.3, 0.5]}, GaussianNB(
            var_smoothing=0.01, priors=[0.2, 0.3, 0.5]
        ), x, new),
        ("multinomial-naive-bayes", {}, MultinomialNB(), counts, new_counts),
        ("complement-naive-bayes", {"norm": True}, ComplementNB(norm=True), counts, new_counts),
        ("bernoulli-naive-bayes", {"binarize": 0.4}, BernoulliNB(binarize=0.4), x, new),
    ]:
        for weighted in (False, True):
            # Weights are repeats: scikit-learn's own smoothing of GaussianNB leaves them out of its variance.
            times = weights if weighted else np.ones(n, int)
            model.fit(np.repeat(rows, times, axis=0), np.repeat(y, times))
            cases.append({
                "model": name,
                "parameters": parameters,
                "weighted": weighted,
                "counts": rows is counts,
                "probabilities": model.predict_proba(held).tolist(),
            })
    return {
        "rows": x.tolist(),
        "classes": y.tolist(),
        "weights": weights.tolist(),
        "held": new.tolist(),
        "cases": cases,
    }


def logistic(texts, labels, held, weights):
    vectorizer = TfidfVectorizer()
    x, new = vectorizer.fit_transform(texts), vectorizer.transform(held)
    for c, weighted in [(1.0, False), (30.0, False), (1.0, True)]:
        model = LogisticRegression(C=c, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
        model.fit(x, labels, sample_weight=weights if weighted else None)
        yield {
            "C": c,
            "weighted": weighted,
            "coefficients": model.coef_[0].tolist(),
            "intercept": float(model.intercept_[0]),
            "probabilities": model.predict_proba(new)[:, 1].tolist(),
        }


def whole(path):
    """All messages: four of five to learn from."""
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file][1:]
    learnt, held = [r for i, r in enumerate(rows) if i % 5], [r for i, r in enumerate(rows) if i % 5 == 0]
    texts, labels = [text for _, text in learnt], [label for label, _ in learnt]
    vectorizer = TfidfVectorizer()
    x, new = vectorizer.fit_transform(texts), vectorizer.transform([text for _, text in held])
    linear = LogisticRegression(solver="newton-cg", tol=1e-13, max_iter=10_000).fit(x, labels)
    y = np.array([label == "spam" for label in labels])
    margins = linear.decision_function(x)
    loss = np.logaddexp(0, np.where(y, -margins, margins)).sum() + (linear.coef_**2).sum() / 2
    return {
        "by": f"scikit-learn {sklearn.__version__}, tests/agreement/text-models.py",
        "terms": len(vectorizer.vocabulary_),
        "entries": int(x.nnz),
        "objective": float(loss / len(texts)),
        "coefficients": [float(f"{value:.10g}") for value in linear.coef_[0]],
        "intercept": float(linear.intercept_[0]),
        "probabilities": {
            name: [float(f"{value:.10g}") for value in model.fit(x, labels).predict_proba(new)[:, 1][:200]]
            for name, model in [
                ("multinomial-naive-bayes", MultinomialNB()),
                ("complement-naive-bayes", ComplementNB()),
                ("bernoulli-naive-bayes", BernoulliNB()),
            ]
        },
    }


def main():
    train, held = read_messages(sys.argv[1])
    texts, labels = [text for text, _ in train], [label for _, label in train]
    weights = [1 + (row % 4) / 2 for row in range(len(texts))]
    result = {
        "by": f"scikit-learn {sklearn.__version__}, tests/agreement/text-models.py",
        "odd": ODD,
        "vectors": [
            {
                "step": step,
                "parameters": parameters,
                "matrix": entries(vectorizer.fit_transform(ODD)),
                "terms": vectorizer.get_feature_names_out().tolist() if step != "hashed-terms" else [],
            }
            for step, parameters, vectorizer in vectorizers()
        ],
        "messages": texts,
        "labels": labels,
        "held": held,
        "weights": weights,
        "terms": TfidfVectorizer().fit(texts).get_feature_names_out().tolist(),
        "bayes": list(bayes(texts, labels, held, weights)),
        "dense": dense_bayes(),
        "logistic": list(logistic(texts, labels, held, weights)),
    }
    for name, values in [("text-models", result), ("sms-spam", whole(sys.argv[1]))]:
        path = Path(__file__).parent.parent / "fixtures" / f"{name}.json"
        path.write_text(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
