import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline


def fit(data):
    labels = data.meta['columns'][0]['labels']
    texts = [labels[int(code)] for code in data.x[:, 0]]
    held = [labels[int(code)] for code in data.test[:, 0]]
    bayes, _ = data.fastest(lambda: make_pipeline(TfidfVectorizer(), MultinomialNB()).fit(texts, data.y))
    pipeline = lambda: make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))  # noqa: E731
    logistic, model = data.fastest(lambda: pipeline().fit(texts, data.y))
    predict, _ = data.fastest(lambda: model.predict_proba(held))
    margins = model.decision_function(texts)
    loss = np.logaddexp(0, np.where(data.y == 1, -margins, margins)).mean()
    loss += (model[-1].coef_ ** 2).sum() / (2 * len(texts))
    seconds = {'tf-idf + naive Bayes': bayes, 'tf-idf + logistic': logistic, 'predict 10,000': predict}
    return {'version': sklearn.__version__, 'seconds': seconds, 'quality': {'mean loss + penalty': float(loss)}}


PEERS = {'scikit-learn': fit}
