import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def work(data):
    def fit():
        steps = SGDClassifier(loss='log_loss', max_iter=5, tol=None, random_state=0)
        return make_pipeline(StandardScaler(), steps).fit(data.x, data.y)
    seconds, model = data.fastest(fit)
    error = float((model.predict(data.test) != data.test_y).mean())
    return {'version': sklearn.__version__, 'seconds': {'fit': seconds}, 'quality': {'test error': error}}


PEERS = {'scikit-learn': work}
