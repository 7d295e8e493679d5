"""The Flask extensions, created once and initialised for an app by `create_app`."""

from flask_babel import Babel
from flask_mail import Mail
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from forum.database import Base

db = SQLAlchemy(model_class=Base, disable_autonaming=True)
migrate = Migrate()
mail = Mail()
csrf = CSRFProtect()
babel = Babel()
